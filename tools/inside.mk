# SPDX-License-Identifier: GPL-2.0
#
# What is done inside the toolbox. Called by tools/front.mk.

MAKEFLAGS += --no-print-directory
top := $(CURDIR)
BUILD ?= build
# B is this file's name for the build directory, and what the user of abi-diff gives.
ABI_B := $(B)
override B := $(abspath $(BUILD))

GPU ?= tu104
FW ?= 570.144
SEAMS ?= 1
KERNEL ?= $(KERNEL_DEFAULT)

export BUILD := $(B)
# Where host builds of nvkm-rs find what is generated (rule abi-modules).
export NVKM_GENERATED = $(B)/generated$(of_kernel)
export CARGO_TARGET_DIR := $(B)/cargo-target
CARGO := cargo --config term.progress.when=\"never\"
# All programs are static, since one is PID 1 of a machine with no libraries, and another runs on machines of any distribution: with
# flags of their own those two would have everything compiled twice. $(B)/bin is where they are.
export CARGO_BUILD_TARGET := x86_64-unknown-linux-gnu
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS := -C target-feature=+crt-static
BIN := $(CARGO_TARGET_DIR)/$(CARGO_BUILD_TARGET)/release
# Each kernel has its own tree and modules; programs are told by these which one is meant. The default's have no name.
KERNEL_DEFAULT := 7.3
KERNEL_OTHER := 7.2
kernel_name := $(if $(KERNEL_SRC),own,$(if $(filter $(KERNEL_DEFAULT),$(KERNEL)),,$(KERNEL)))
of_kernel := $(if $(kernel_name),/$(kernel_name))
K := $(B)/kernel/$(or $(kernel_name),current)
KM := $(B)/nouveau$(of_kernel)
export NVKM_KERNEL := $(K)
export NVKM_NOUVEAU := $(KM)
export NVKM_REPORTS := $(B)/ab$(of_kernel)
REAL_FW := 570.144 535.113.01
sources := $(shell find Kconfig nvkm bridge nvkm-rs -type f)

.PHONY: ab ab-matrix hooks kernels newest hostile on-debug-hostile test-debug on-debug-test loom test for-test check off-absent host-tests negative seeded snapshots programs kernel firmware nouveau rust-analyzer \
	abi-modules abi-diff abi-new abi-lines trace-names firmware-all fuzz mutate bench nova core series series-check fixes \
	kit kit-programs kit-rehearsal

# --- programs ---------------------------------------------------------------------------------------------------------

# The whole workspace, as tests are built, too: with a part of it dependencies would have other features, and be built again.
programs:
	@[ -e $(BIN)/nvkm-ab ] || echo "programs: building (a few minutes the first time)"
	@$(CARGO) build -q --locked --release --manifest-path tools/Cargo.toml --workspace --bins
	@ln -sfn $(BIN) $(B)/bin

# --- kernel, firmware -------------------------------------------------------------------------------------------------

kernel:
	@$(if $(filter newest debug,$(KERNEL)),tools/toolbox/kernel $(KERNEL_DEFAULT) && tools/toolbox/own $(KERNEL), \
		tools/toolbox/kernel $(KERNEL) $(or $(kernel_name),current))

firmware:
	@tools/toolbox/firmware $(if $(filter synthetic,$(FW)),,$(FW))

# All files that the parsers are tested with: nouveau's two versions, and that of the suite's own NVIDIA driver. One that fetches at a time.
firmware-all: | kernel
	@tools/toolbox/firmware $(REAL_FW) 550.163.01

# --- firmware ABI -----------------------------------------------------------------------------------------------------

NOUVEAU := $(K)/src/drivers/gpu/drm/nouveau
abi_sources := $(wildcard nvkm-rs/abi/headers/*.h nvkm-rs/abi/*.awk) nvkm-rs/abi/bindgen_parameters nvkm-rs/abi/generate
abi_rs := $(addprefix $(NVKM_GENERATED)/abi/,r535.rs r550.rs r570.rs)

# NVIDIA's types for host builds of nvkm-rs, made as the kernel's build makes them.
abi-modules: $(abi_rs)

$(abi_rs): $(NVKM_GENERATED)/abi/%.rs: $(abi_sources) $(KM)/.kernel
	@mkdir -p $(@D)
	@CC=gcc-14 sh nvkm-rs/abi/generate $* $(@D) $(NOUVEAU)/include $(NOUVEAU)/nvkm/subdev/gsp/rm $(B)/abi

# The kernel has no headers of this one.
$(NVKM_GENERATED)/abi/r550.rs: $(B)/abi/r550/r550.h
$(B)/abi/r550/r550.h: | programs kernel
	@$(BIN)/nvkm-abi new 550.163.01

# Names and layouts for nvkm-trace, a file a version.
trace_names := $(addprefix $(NVKM_GENERATED)/abi/,names-535.113.01.json names-570.144.json)
trace-names: $(trace_names)

$(trace_names) &: $(wildcard tools/abi/src/*.rs) tools/trace/src/names.rs $(KM)/.kernel | programs
	@$(BIN)/nvkm-abi names --nouveau $(NOUVEAU) --out $(NVKM_GENERATED)/abi

abi-diff: programs kernel
	@[ -n "$(A)" ] && [ -n "$(ABI_B)" ] || \
		{ echo "abi-diff: name two firmware versions, such as A=535.113.01 B=570.144" >&2; exit 2; }
	@$(BIN)/nvkm-abi diff --a '$(A)' --b '$(ABI_B)'

abi-new: programs kernel
	@[ -n "$(VERSION)" ] || { echo "abi-new: name a firmware version, such as VERSION=550.163.01" >&2; exit 2; }
	@$(BIN)/nvkm-abi new '$(VERSION)' --headers '$(HEADERS)'

# What a version costs by hand: the lines that name it, and those that are its own.
abi-lines: kernel
	@for v in r535 r550 r570; do \
		named=$$(cat nvkm-rs/abi/core/*.rs | grep -cw $$v); own=$$(grep -c . nvkm-rs/abi/headers/$$v.h); \
		printf '%s: %d lines name it, %d lines of its own\n' $$v $$named $$own; done
	@for v in r535 r570; do printf '%s in C: %d lines\n' $$v \
		$$(cat $(NOUVEAU)/nvkm/subdev/gsp/rm/$$v/*.c $(NOUVEAU)/nvkm/subdev/gsp/rm/$$v/nvrm/*.h | wc -l); done

# --- nouveau ----------------------------------------------------------------------------------------------------------

# Debug information makes a module of 250 MB and a third of the build's time; DEBUG_INFO=1 keeps it.
# $(call kbuild,<variant>,<more>): the build's own messages go to a log, and it has all processors. A kernel of another rustc wants that
# one again, and there every warning of ours is an error.
cc := $(if $(filter debug,$(KERNEL)),clang-19,gcc-14)
# The debug kernel alone has KUnit.
kunit := $(if $(filter debug,$(KERNEL)),CONFIG_DRM_NOUVEAU_RUST_KUNIT_TEST=y)
rustc := $(B)/toolbox/rustc/bin
rust_tools := $(if $(filter newest,$(KERNEL)),RUSTC=$(rustc)/rustc HOSTRUSTC=$(rustc)/rustc KRUSTFLAGS=-Dwarnings)
kbuild = MAKEFLAGS= $(MAKE) -C $(K)/out M=$(KM)/$(1) CC=$(cc) $(if $(DEBUG_INFO),,KCFLAGS=-g0) $(rust_tools) $(2) -j$(shell nproc) \
	modules </dev/null >$(KM)/$(1).log 2>&1 \
	|| { grep -E 'error|Error|\*\*\*' -A3 $(KM)/$(1).log | head -n 40; \
	echo "nouveau ($(1)) did not build; see $(KM)/$(1).log" >&2; exit 1; }
apply = $(BIN)/nvkm-overlay apply --nouveau $(K)/src/drivers/gpu/drm/nouveau --out $(KM)/$(1) $(2)

nouveau: $(KM)/on/nouveau.ko

# The rules below have real times: nothing is built again that is not older than what it is made of. A module is as old
# as the beginning of its build, so that an edit meanwhile is not lost.
$(KM)/on/nouveau.ko: $(sources) $(BIN)/nvkm-overlay $(KM)/.kernel
	@mkdir -p $(@D)
	@touch $(@D).began
	@echo "nouveau with Rust: building (some 4 minutes the first time)"
	@$(call apply,on)
	@$(call kbuild,on,CONFIG_DRM_NOUVEAU_RUST=y $(kunit))
	@touch -r $(@D).began $@

# Begins with the pristine tree's objects: make compiles again what a hook touched, and what includes that.
$(KM)/off/nouveau.ko: $(sources) $(BIN)/nvkm-overlay $(KM)/.kernel | $(KM)/pristine/nouveau.ko
	@[ -d $(@D) ] || cp -a $(KM)/pristine $(@D)
	@touch $(@D).began
	@echo "nouveau hooked, Rust off: building"
	@$(call apply,off,--keep-lines)
	@$(call kbuild,off,)
	@touch -r $(@D).began $@

$(KM)/pristine/nouveau.ko: $(KM)/.kernel
	@mkdir -p $(@D)
	@touch $(@D).began
	@echo "nouveau as it is: building"
	@$(call apply,pristine,--pristine)
	@$(call kbuild,pristine,)
	@touch -r $(@D).began $@

$(BIN)/nvkm-overlay: | programs
# Which kernel that is: modules of another one are built again, and only those.
$(KM)/.kernel: kernel
	@mkdir -p $(@D)
	@echo "$$(readlink -f $(K)) $$(readlink -f $(K)/src) $$(readlink -f $(K)/out) $$(cat $(K)/release)$$(cat $(K)/.ready 2>/dev/null)" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# --- A/B --------------------------------------------------------------------------------------------------------------

ab: programs kernel firmware nouveau trace-names
	@$(BIN)/nvkm-ab run --gpu $(GPU) --fw $(FW) --seams $(SEAMS) $(if $(NAME),--name $(NAME))

ab-matrix: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab matrix

# Which hook and anchor applies to which kernel: the default one, KERNEL= or KERNEL_SRC=, and those that are prepared.
nouveau_of = $(B)/kernel/$(1)/src/drivers/gpu/drm/nouveau
hook_kernels = $(KERNEL_DEFAULT)=$(call nouveau_of,current) $(foreach k,$(sort $(kernel_name) $(other_kernels)),$(k)=$(call nouveau_of,$(k)))
other_kernels = $(filter 1% 2% 3% 4% 5% 6% 7% 8% 9%,$(notdir $(shell find $(B)/kernel -maxdepth 1 -type l)))
hooks: programs kernel
	@tools/toolbox/kernel $(KERNEL_DEFAULT)
	@$(BIN)/nvkm-overlay hooks $(addprefix --kernel ,$(hook_kernels)) --json $(B)/hooks.json

# Lanes of their own: the other kernel that the suite carries, and the newest compiler.
kernels:
	@tools/kernels $(KERNEL_OTHER)
newest:
	@tools/kernels newest

# --- nova-core --------------------------------------------------------------------------------------------------------

# The same kernel's, as it is: a Kbuild goes before its Makefile, and says what drivers/gpu/Makefile would.
NOVA := $(B)/nova$(of_kernel)
$(NOVA)/module/nova-core.ko: $(KM)/.kernel
	@rm -rf $(@D) && mkdir -p $(NOVA)
	@cp -r $(K)/src/drivers/gpu/nova-core $(@D)
	@printf 'obj-m += nova-core.o\nnova-core-y := nova_core.o\n' >$(@D)/Kbuild
	@echo "nova-core: building (some 10 s)"
	@$(MAKE) -C $(K)/out M=$(@D) CC=$(cc) KCFLAGS=-g0 $(rust_tools) modules </dev/null >$(NOVA)/module.log 2>&1 \
		|| { tail -n 20 $(NOVA)/module.log; echo "nova-core did not build; see $(NOVA)/module.log" >&2; exit 1; }

nova: programs kernel nouveau $(NOVA)/module/nova-core.ko
	@tools/toolbox/firmware 570.144
	@$(BIN)/nvkm-nova run --out $(NOVA) $(if $(filter file,$(origin GPU)),,--gpu $(GPU))

# A driver beside nouveau: example and test of bridge/core.h.
SAMPLE := $(B)/sample$(of_kernel)
$(SAMPLE)/nvkm_gsp_sample.ko: $(wildcard selftests/core/*) $(KM)/on/nouveau.ko
	@mkdir -p $(@D)
	@cp selftests/core/* $(@D)/
	@$(MAKE) -C $(K)/out M=$(@D) CC=$(cc) KCFLAGS=-g0 NVKM=$(KM)/on KBUILD_EXTRA_SYMBOLS=$(KM)/on/Module.symvers modules \
		</dev/null >$(@D).log 2>&1 || { tail -n 20 $(@D).log; echo "the sample did not build; see $(@D).log" >&2; exit 1; }

# --- on our own kernel with sanitizers --------------------------------------------------------------------------------

# Each attack of a hostile device on C and on Rust. ATTACKS= only those whose name has one of these words.
hostile:
	@$(MAKE) -f tools/inside.mk KERNEL=debug on-debug-hostile
on-debug-hostile: programs kernel nouveau $(SAMPLE)/nvkm_gsp_sample.ko
	@tools/toolbox/firmware 570.144
	@$(BIN)/nvkm-ab hostile --extra-module $(SAMPLE)/nvkm_gsp_sample.ko $(ATTACKS) $(HOSTILE)
	@[ ! -e $(B)/ab/report.json ] || NVKM_REPORTS=$(B)/ab $(BIN)/nvkm-ab page

# KUnit, the driver's life, failing allocations, many commands, under KASAN, lockdep and kmemleak. STEPS= some of tools/debug's.
test-debug:
	@$(MAKE) -f tools/inside.mk KERNEL=debug on-debug-test
on-debug-test: programs kernel nouveau abi-modules $(SAMPLE)/nvkm_gsp_sample.ko
	@tools/toolbox/firmware $(REAL_FW)
	@tools/debug $(STEPS)

# The order of accesses between CPU and device, in every interleaving.
loom: abi-modules
	@$(CARGO) test --release --locked --manifest-path nvkm-rs/loom/Cargo.toml

# C against Rust, counted in instructions. BENCH= more options of nvkm-ab bench, such as BENCH='--seams rpc,fw --binds 20'.
bench: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab bench $(BENCH)

# --- the kit for people with a card -----------------------------------------------------------------------------------

# Its programs are static and name no directory of this machine: other flags than everything else, so a directory of their own.
KIT_TARGET := $(CARGO_TARGET_DIR)/kit
export KIT_BIN := $(KIT_TARGET)/x86_64-unknown-linux-gnu/release
kit-programs:
	@CARGO_TARGET_DIR=$(KIT_TARGET) tools/kit/programs

kit: kernel kit-programs
	@tools/kit/pack

# FRESH=1 makes the Debian with the kit's packages anew.
kit-rehearsal: programs kit
	@BIN=$(BIN) tools/kit/rehearse --gpu $(GPU) $(if $(FRESH),--fresh)

# --- tests ------------------------------------------------------------------------------------------------------------

# Ten thousand controls of that driver, with C and with Rust.
core: programs kernel nouveau firmware $(SAMPLE)/nvkm_gsp_sample.ko
	@tools/test core

off := $(KM)/off/nouveau.ko
pristine := $(KM)/pristine/nouveau.ko

# The kernel is fetched and laid out while programs compile.
test:
	@$(MAKE) -f tools/inside.mk -j3 for-test
	@tools/test $(TESTS)
for-test: programs kernel nouveau abi-modules trace-names firmware-all $(SAMPLE)/nvkm_gsp_sample.ko \
	$(if $(kernel_name),,$(NOVA)/module/nova-core.ko)

check: programs kernel nouveau abi-modules
	@tools/check

host-tests: kernel abi-modules firmware-all
	@tools/test host

# SECONDS_EACH= how long each target runs; TARGETS= which.
fuzz: kernel abi-modules
	@nvkm-rs/fuzz/run $(or $(SECONDS_EACH),60) $(TARGETS)

# Changes N register accesses of boot, drawn with SEED, one at a time: tests must fail.
mutate: kernel abi-modules
	@nvkm-rs/mutate --count $(or $(N),10) $(if $(SEED),--seed '$(SEED)')

off-absent: programs kernel nouveau $(off) $(pristine)
	@tools/off-absent

# Deliberate faults: in Rust, or in C and in Rust. FAULTS= only these; more options of nvkm-ab faults, too.
negative: programs kernel nouveau
	@tools/toolbox/firmware 570.144
	@$(BIN)/nvkm-ab faults --in rust $(FAULTS)

seeded: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab faults $(FAULTS)

# Machines that begin from a snapshot against machines that boot.
snapshots: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab snapshots $(SNAPSHOTS)

# --- upstream ---------------------------------------------------------------------------------------------------------

series: programs kernel nouveau $(pristine)
	@[ -n "$(SEAM)" ] || { echo "series: name a subsystem, such as SEAM=rpc" >&2; exit 2; }
	@tools/series/series make $(SEAM) $(if $(VERSION),--revision $(VERSION))

# Begins with the objects of nouveau as it is.
series-check: programs kernel nouveau $(pristine)
	@tools/series/series check $(SEAM)

# Fixes for faults in upstream's C that make hostile shows: a series of its own. CHECK=1 proves them.
fixes: programs kernel $(pristine)
	@tools/series/series fixes $(if $(CHECK),--check)

# The kernel's own generator wants an in-tree crate; ours is one crate more beside those that it lists.
rust-analyzer: kernel nouveau
	@tools/rust-project $(K) $(KM)/on >rust-project.json
	@echo "rust-project.json: made"
