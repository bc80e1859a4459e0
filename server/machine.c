#include "server/machine.h"

#include <link.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* read_line reads the first line of a small file; false where there is none. */
static bool read_line(const char *path, char *line, int size) {
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    bool got = fgets(line, size, f) != NULL;
    fclose(f);
    return got;
}

/* cpu_quota is the container's share of cores, rounded up; 0: not limited ("max 100000"). */
static long cpu_quota(void) {
    char line[64], *rest;
    if (!read_line("/sys/fs/cgroup/cpu.max", line, sizeof line))
        return 0;
    long quota = strtol(line, &rest, 10), period = strtol(rest, NULL, 10);
    return quota > 0 && period > 0 ? (quota + period - 1) / period : 0;
}

unsigned machine_cores(void) {
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
    long quota = cpu_quota();
    if (quota && quota < n)
        n = quota;
    return n > 0 ? (unsigned)n : 1;
}

size_t machine_memory(void) {
    char line[64];
    size_t bytes = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    size_t limit = read_line("/sys/fs/cgroup/memory.max", line, sizeof line) ? strtoull(line, NULL, 10) : 0;
    return limit > 0 && limit < bytes ? limit : bytes;
}

size_t machine_files(size_t n) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return 1024;
    if (limit.rlim_cur < n) {
        limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

uint64_t machine_random(void) {
    uint64_t bits;
    if (getrandom(&bits, sizeof bits, 0) == (ssize_t)sizeof bits)
        return bits;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec << 20 ^ (uint64_t)getpid();
}

struct build {
    const unsigned char *id;
    size_t n;
};

/* find_note walks the notes of a segment: name length, text length, type, then both padded to four bytes. */
static void find_note(const unsigned char *p, size_t size, struct build *build) {
    ElfW(Nhdr) note;
    while (size >= sizeof note) {
        memcpy(&note, p, sizeof note);
        size_t name = (note.n_namesz + 3u) & ~3u, text = (note.n_descsz + 3u) & ~3u, all = sizeof note + name + text;
        if (all > size)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(p + sizeof note, "GNU", 4)) {
            *build = (struct build){p + sizeof note + name, note.n_descsz};
            return;
        }
        p += all;
        size -= all;
    }
}

static int find_build(struct dl_phdr_info *object, size_t size, void *arg) {
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_NOTE && !((struct build *)arg)->id)
            /* that is how the loader tells where it put things */
            find_note((const unsigned char *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr),
                      object->dlpi_phdr[i].p_memsz, arg);
    return 1; /* the program itself comes first; libraries do not matter */
}

const unsigned char *machine_build(size_t *n) {
    struct build build = {NULL, 0};
    dl_iterate_phdr(find_build, &build);
    *n = build.n;
    return build.id;
}

bool machine_isa(const char *name, enum isa *out, char error[MACHINE_ERROR]) {
    if (!strcmp(name, "auto")) {
        *out = isa_best();
        return true;
    }
    if (!isa_find(name, out))
        snprintf(error, MACHINE_ERROR, "--kernels is \"%.60s\", want auto, ref, avx2, avx512, avx512bf16, amx or neon.",
                 name);
    else if (!isa_here(*out))
        snprintf(error, MACHINE_ERROR, "--kernels is %s, which this machine does not have; its best is %s.", name,
                 isa_text(isa_best()));
    else
        return true;
    return false;
}
