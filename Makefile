# Solvent's build. `make help` lists the targets; V=1 shows the commands; MODE=release|asan|tsan|fuzz|aarch64 picks the kind of build.
MODE ?= release
B := build/$(MODE)

CC ?= gcc
CLANG ?= clang-14
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14

VERSION := $(shell cat VERSION)
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith \
        -Wcast-qual -Wundef -Wwrite-strings -Wdouble-promotion -Wimplicit-fallthrough -Wno-missing-field-initializers
# -ffp-contract=off: the same bytes on every machine; fused operations are written where they are wanted.
CFLAGS ?= -O2 -g
override CFLAGS += -std=gnu11 -ffp-contract=off -fno-math-errno -fno-trapping-math -fstack-protector-strong -pthread $(WARN)
override CPPFLAGS += -I. -I$(B) -D_GNU_SOURCE -DSOLVENT_VERSION='"$(VERSION)"'
LDFLAGS_release := -Wl,--as-needed -Wl,-z,relro,-z,now
CFLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fno-var-tracking-assignments
CFLAGS_tsan := -O1 -fsanitize=thread
export TSAN_OPTIONS ?= die_after_fork=0
# libFuzzer comes with clang, whose warnings are others.
CFLAGS_fuzz := -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-error
ifeq ($(MODE),fuzz)
CC := $(CLANG)
endif
# What has kernels for aarch64 is cross-built and tested in an emulator; of cmocka there is no library for it.
CFLAGS_aarch64 := -isystem tests/cross
LDFLAGS_aarch64 := -static
ifeq ($(MODE),aarch64)
CC := aarch64-linux-gnu-gcc
AR := aarch64-linux-gnu-ar
RUNNER := qemu-aarch64
endif
override CFLAGS += $(CFLAGS_$(MODE))
override LDFLAGS += -pthread $(LDFLAGS_$(MODE)) $(CFLAGS_$(MODE))

CORE_LIBS := -lm
HANDLER_LIBS := -ljansson -lpng -lz $(CORE_LIBS)
SERVER_LIBS := -lmicrohttpd -lsqlite3 -lsodium $(HANDLER_LIBS)

# Training on several processes: with Open MPI where it is; MPI=0 builds without, and so do the modes for which libraries
# would have to be built too.
MPI_COMPILE := $(if $(filter release asan,$(MODE)),$(shell mpicc --showme:compile 2> /dev/null))
MPI ?= $(if $(MPI_COMPILE),$(shell echo '\#include <mpi.h>' | $(CC) $(MPI_COMPILE) -E -x c - > /dev/null 2>&1 && echo 1))
ifeq ($(MPI),1)
MPI_FLAGS := $(patsubst -I%,-isystem %,$(MPI_COMPILE)) -DSOLVENT_MPI
SERVER_LIBS += $(shell mpicc --showme:link)
endif

# Kernels for an instruction set have its name at the end of their file's (core/base/cpu.h); where the compiler's family
# is another, they are left out.
ISA_x86_64 := avx2 avx512 avx512bf16 amx
ISA_aarch64 := neon
ISAS := $(ISA_$(firstword $(subst -, ,$(shell $(CC) -dumpmachine))))
FLAGS_avx2 := -mavx2 -mbmi -mbmi2 -mlzcnt -mfma -mf16c
FLAGS_avx512 := $(FLAGS_avx2) -mavx512f -mavx512bw -mavx512cd -mavx512dq -mavx512vl
FLAGS_avx512bf16 := $(FLAGS_avx512) -mavx512bf16
FLAGS_amx := $(FLAGS_avx512bf16) -mamx-tile -mamx-bf16
# clang's sanitizers take a quarter of an hour for kernels whose tiles are all registers; MODE=asan is gcc's, and checks them.
ifeq ($(MODE),fuzz)
FLAGS_avx2 += -fno-sanitize=all
FLAGS_avx512 += -fno-sanitize=all
FLAGS_avx512bf16 += -fno-sanitize=all
FLAGS_amx += -fno-sanitize=all
endif
other_isas = $(foreach i,$(filter-out $(ISAS),$(ISA_x86_64) $(ISA_aarch64)),%_$(i).c)

objects = $(patsubst %.c,$(B)/%.o,$(1))
CORE := $(call objects,$(filter-out $(other_isas),$(sort $(wildcard core/*/*.c))))
ENDPOINTS := $(patsubst handlers/%.c,%,$(sort $(wildcard handlers/ep_*.c)))
HANDLERS := $(call objects,$(sort $(wildcard handlers/*.c))) $(B)/endpoints.o
SERVER := $(call objects,$(filter-out server/main.c,$(sort $(wildcard server/*.c))))
SUPPORT := $(call objects,$(sort $(wildcard tests/support/*.c)))

CORE_TESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/core/*/test_*.c)))
HANDLER_TESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/handlers/test_*.c)))
SERVER_TESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/server/test_*.c)))
FUZZ_TESTS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/fuzz/test_*.c)))
SCRIPT_TESTS := $(sort $(wildcard tests/docs/test_*.sh))
TESTS := $(CORE_TESTS) $(HANDLER_TESTS) $(SERVER_TESTS) $(FUZZ_TESTS) $(SCRIPT_TESTS)
PROGRAM := $(B)/solvent
CMOCKA := -lcmocka
CROSS_SUPPORT := derivatives exact_graph guarded half_tiles network outer_check test threads untrained
ifeq ($(MODE),aarch64)
TESTS := $(filter $(addprefix $(B)/tests/core/,base/% tensor/% nn/%),$(CORE_TESTS))
SUPPORT := $(call objects,$(CROSS_SUPPORT:%=tests/support/%.c) tests/cross/cmocka.c)
PROGRAM :=
CMOCKA :=
endif
BENCHES := $(patsubst %.c,$(B)/%,$(sort $(wildcard bench/*.c)))
# Peers of bench/solve that must be compiled, where what they need is there.
BENCHES += $(if $(and $(wildcard /usr/include/hwy/contrib/sort/vqsort.h),$(shell command -v $(CXX))),$(B)/bench/vqsort)

ifeq ($(V),)
Q := @
say = @printf '  %-5s %s\n' '$(1)' '$(2)'
endif

SOURCES = $(sort $(shell find core handlers server tests bench -name '*.[ch]'))
TIDY_FLAGS = -I. -D_GNU_SOURCE -DSOLVENT_VERSION=\"$(VERSION)\" -std=gnu11 $(foreach i,$(lastword $(subst _, ,$*)),$(FLAGS_$i) $(TIDY_$i))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(B)/solvent ## build the program
	@ln -sf $(B)/solvent solvent

run: all ## build and serve on 127.0.0.1:8080
	./solvent serve

WANTED_TESTS = $(if $(T),$(foreach t,$(TESTS),$(if $(findstring $(T),$(t)),$(t))),$(TESTS))
test: $(WANTED_TESTS) $(PROGRAM) ## build and run every test; T=name runs those whose path holds the name
	$(Q)SOLVENT=$(B)/solvent RUNNER=$(RUNNER) tests/run $(WANTED_TESTS)

check-one: $(B)/$(T) ## build and run one test: make check-one T=tests/core/base/test_ctx
	SOLVENT=$(B)/solvent $(B)/$(T)

bench-tools: $(BENCHES) $(B)/solvent ## build what bench/run and bench/solve need
bench: bench-tools ## run every benchmark; peers that are not installed are skipped
	$(Q)SOLVENT=$(B)/solvent bench/run

fuzz: ## fuzz every endpoint with libFuzzer for SECONDS (60)
	$(Q)script/fuzz $(or $(SECONDS),60)

fmt: ## format the sources
	$(Q)$(CLANG_FORMAT) -i $(SOURCES)

check-format: ## check that `make fmt` would change nothing
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(SOURCES)

# A file is read again when it, what it includes, or the checks change: the first run takes long, those after it little.
# Kernels of the other family want the headers of its C library.
AARCH64 := /usr/aarch64-linux-gnu/include
TIDY_neon := $(if $(filter avx2,$(ISAS)),--target=aarch64-linux-gnu -isystem $(AARCH64))
NOT_LINTED := tests/% bench/% $(if $(wildcard $(AARCH64)),,%_neon.c)
LINTED := $(patsubst %.c,build/lint/%.ok,$(filter-out $(NOT_LINTED),$(filter %.c,$(SOURCES))))
lint: check-format $(LINTED) ## check the format and run clang-tidy on what changed; -k goes on after a finding
build/lint/%.ok: %.c .clang-tidy
	$(call say,LINT,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(TIDY_FLAGS) -MM -MP -MT $@ -MF $(@:.ok=.d) $<
	$(Q)$(CLANG_TIDY) --quiet $< -- $(TIDY_FLAGS) 2> $(@:.ok=.err) || { cat $(@:.ok=.err); exit 1; }
	@touch $@

docs: $(B)/solvent ## write docs/api.md from the descriptors
	$(B)/solvent docs > docs/api.md

MODELS := moons eight-gaussians 8gaussians-moons digits digits-ddpm fashion
models: $(B)/solvent ## train the shipped models by their recipes (models/*/train.json), M=name one; it goes on where it was ended
	$(Q)for m in $(or $(M),$(MODELS)); do SOLVENT=$(B)/solvent script/model $$m || exit 1; done

models-check: $(B)/solvent $(B)/bench/judge $(B)/bench/carried ## judge them by a classifier that saw real images alone, or by exact transport (M=names; digits)
	$(Q)SOLVENT=$(B)/solvent JUDGE=$(B)/bench/judge CARRIED=$(B)/bench/carried script/models-check $(or $(M),digits)

clean: ## remove what was built
	$(Q)rm -rf build solvent

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

# What the compiler is called with is an input too: a change of flags rebuilds.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(MPI_FLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(MPI_FLAGS)' > $@

# The list of endpoints is the list of files; written only when it changes.
$(B)/endpoints.c: FORCE
	@mkdir -p $(B)
	@{ echo '#include "handlers/endpoint.h"'; \
	   for e in $(ENDPOINTS); do echo "extern const struct endpoint $$e;"; done; \
	   echo 'const struct endpoint *const endpoints[] = {'; \
	   for e in $(ENDPOINTS); do echo "    &$$e,"; done; echo '    NULL,'; echo '};'; } > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

$(B)/%.o: %.c $(B)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(FLAGS_$(lastword $(subst _, ,$*))) -MMD -MP -c $< -o $@

$(B)/server/ranks.o $(B)/server/ranks_sum.o: override CPPFLAGS += $(MPI_FLAGS)

$(B)/endpoints.o: $(B)/endpoints.c $(B)/flags
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(B)/libcore.a: $(CORE)
$(B)/libhandlers.a: $(HANDLERS)
$(B)/libserver.a: $(SERVER)
$(B)/libsupport.a: $(SUPPORT)
$(B)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/solvent: $(B)/server/main.o $(B)/libserver.a $(B)/libhandlers.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(SERVER_LIBS) -o $@

# The tests of core link the whole of core and nothing above it: an upward call cannot link.
$(CORE_TESTS): %: %.o $(B)/libsupport.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $< $(B)/libsupport.a -Wl,--whole-archive $(B)/libcore.a -Wl,--no-whole-archive $(CMOCKA) $(CORE_LIBS) -o $@
$(HANDLER_TESTS): %: %.o $(B)/libsupport.a $(B)/libhandlers.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $^ -lcmocka $(HANDLER_LIBS) -o $@
$(SERVER_TESTS): %: %.o $(B)/libsupport.a $(B)/libserver.a $(B)/libhandlers.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $^ -lcmocka $(SERVER_LIBS) -o $@
# The fuzz target and the replay of its corpus share one check of an endpoint.
FUZZ_OBJECTS := $(call objects,$(filter-out tests/fuzz/test_%.c tests/fuzz/fuzz_%.c,$(sort $(wildcard tests/fuzz/*.c))))
$(FUZZ_TESTS): %: %.o $(FUZZ_OBJECTS) $(B)/libsupport.a $(B)/libhandlers.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $^ -lcmocka $(HANDLER_LIBS) -o $@
$(B)/tests/fuzz/fuzz_endpoints $(B)/tests/fuzz/fuzz_models $(B)/tests/fuzz/fuzz_data: %: %.o $(FUZZ_OBJECTS) $(B)/libsupport.a $(B)/libhandlers.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer $^ -lcmocka $(HANDLER_LIBS) -o $@
$(B)/bench/vqsort: bench/vqsort.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -O3 $< -lhwy_contrib -lhwy -o $@
$(filter-out %/vqsort,$(BENCHES)): %: %.o $(B)/libserver.a $(B)/libhandlers.a $(B)/libcore.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) $^ $(SERVER_LIBS) $(BENCH_LIBS) -o $@

-include $(shell find $(B) build/lint -name '*.d' 2>/dev/null)
.PHONY: all run test check-one bench bench-tools fuzz fmt check-format lint docs models models-check clean help FORCE
