/* mixture_kernels_body.h - the table of the instruction set that it is compiled for. */
#include "core/diffusion/mixture_each_body.h"
#include "core/diffusion/mixture_oval_body.h"
#include "core/diffusion/mixture_round_body.h"

const struct mixture_kernels MIXTURE_KERNELS = {.round = round_eval, .oval = oval_eval, .each = each_eval};
