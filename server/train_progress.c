#include "server/train_progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "server/clock.h"

#define TERMINAL_NS (200 * NS_PER_MS)
#define FILE_NS (10 * NS_PER_S)

void train_progress_time(double seconds, char text[PROGRESS_TIME]) {
    long long s = (long long)(seconds + 0.5);
    if (s < 60)
        snprintf(text, PROGRESS_TIME, "%llds", s);
    else if (s < 3600)
        snprintf(text, PROGRESS_TIME, "%lldm%02llds", s / 60, s % 60);
    else
        snprintf(text, PROGRESS_TIME, "%lldh%02lldm", s / 3600, s / 60 % 60);
}

void train_progress_begin(struct train_progress *p, size_t at, size_t steps) {
    *p = (struct train_progress){
        .steps = steps, .first_step = at, .began_ns = clock_ns(), .terminal = isatty(STDERR_FILENO)};
}

enum { LINE = 160 };

/* columns of the terminal: a line that is broken cannot be written over. */
static int columns(void) {
    struct winsize size = {0};
    return !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 1 ? size.ws_col : LINE;
}

static void show(struct train_progress *p, const struct trainer_report *report, int64_t now) {
    char left[PROGRESS_TIME], skipped[48] = "";
    double seconds = (double)(now - p->began_ns) / NS_PER_S, done = (double)(report->step - p->first_step);
    double rate = seconds > 0 ? done / seconds : 0;
    train_progress_time(rate > 0 ? (double)(p->steps - report->step) / rate : 0, left);
    if (report->scale > 0)
        snprintf(skipped, sizeof skipped, "  scale %g, %zu skipped", report->scale, report->skipped);
    char line[LINE];
    snprintf(line, sizeof line, "step %zu/%zu  loss %.4f%s  %.1f steps/s  %s left", report->step, p->steps, p->loss,
             skipped, rate, left);
    if (p->terminal)
        fprintf(stderr, "\r%.*s\x1b[K", columns() - 1, line); /* and nothing of a longer line before */
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    p->open = p->terminal;
    p->shown_ns = now;
}

void train_progress_step(struct train_progress *p, const struct trainer_report *report) {
    const double keep = 0.98; /* about the last 50 steps */
    bool first = report->step == p->first_step + 1;
    p->loss = first ? report->loss : keep * p->loss + (1 - keep) * report->loss;
    int64_t now = clock_ns();
    if (now - p->shown_ns >= (p->terminal ? TERMINAL_NS : FILE_NS) || report->step == p->steps)
        show(p, report, now);
}

void train_progress_end(struct train_progress *p) {
    if (p->open)
        fputc('\n', stderr);
    p->open = false;
}
