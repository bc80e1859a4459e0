#include "server/cache_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sigaction previous;
static uintptr_t page_size;
static _Thread_local volatile sig_atomic_t guarded, hit;

static void on_bus_error(int signal_number, siginfo_t *info, void *context) {
    (void)signal_number, (void)context;
    int saved = errno;
    if (guarded && info->si_code > 0 && info->si_code != BUS_ADRALN) {
        char *at = (char *)info->si_addr;
        at -= (uintptr_t)at & (page_size - 1);
        /* mmap is no listed async-signal-safe function but a bare system call here. */
        if (mmap(at, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at) {
            hit = 1;
            errno = saved;
            return;
        }
    }
    sigaction(SIGBUS, &previous, NULL); /* the fault happens again on return, and is handled as before */
    errno = saved;
}

void guard_install(void) {
    page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    struct sigaction before;
    sigaction(SIGBUS, &action, &before);
    if (!(before.sa_flags & SA_SIGINFO) || before.sa_sigaction != on_bus_error)
        previous = before;
}

void guard_enter(void) {
    hit = 0;
    guarded = 1;
}

bool guard_leave(void) {
    guarded = 0;
    return hit;
}
