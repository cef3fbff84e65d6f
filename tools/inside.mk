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
KERNEL ?= 7.3

export BUILD := $(B)
# Where host builds of nvkm-rs find what is generated (rule abi-modules).
export NVKM_GENERATED := $(B)/generated
export CARGO_TARGET_DIR := $(B)/cargo-target
CARGO := cargo --config term.progress.when=\"never\"
BIN := $(CARGO_TARGET_DIR)/release
K := $(B)/kernel/current
REAL_FW := 570.144 535.113.01
sources := $(shell find Kconfig nvkm bridge nvkm-rs -type f)

.PHONY: ab ab-matrix test check off-absent host-tests negative programs kernel firmware nouveau rust-analyzer \
	abi-modules abi-program abi-diff abi-new abi-lines firmware-all fuzz mutate bench

# --- programs ---------------------------------------------------------------------------------------------------------

# The guest's program is PID 1 of a machine with no libraries.
programs:
	@[ -e $(BIN)/nvkm-ab ] || echo "programs: building (a few minutes the first time)"
	@$(CARGO) build -q --locked --release --manifest-path tools/Cargo.toml -p nvkm-overlay -p nvkm-vgpu -p nvkm-ab
	@RUSTFLAGS="-C target-feature=+crt-static" $(CARGO) build -q --locked --release --manifest-path tools/Cargo.toml \
		-p nvkm-guest --target x86_64-unknown-linux-gnu

# --- kernel, firmware -------------------------------------------------------------------------------------------------

kernel:
	@tools/toolbox/kernel $(KERNEL)

firmware:
	@tools/toolbox/firmware $(if $(filter synthetic,$(FW)),,$(FW))

# All files that the parsers are tested with: nouveau's two versions, and that of the suite's own NVIDIA driver.
firmware-all:
	@tools/toolbox/firmware $(REAL_FW) 550.163.01

# --- firmware ABI -----------------------------------------------------------------------------------------------------

NOUVEAU := $(K)/src/drivers/gpu/drm/nouveau
abi_sources := $(wildcard nvkm-rs/abi/headers/*.h nvkm-rs/abi/*.awk) nvkm-rs/abi/bindgen_parameters nvkm-rs/abi/generate
abi_rs := $(addprefix $(NVKM_GENERATED)/abi/,r535.rs r550.rs r570.rs)

# NVIDIA's types for host builds of nvkm-rs, made as the kernel's build makes them.
abi-modules: $(abi_rs)

$(abi_rs): $(NVKM_GENERATED)/abi/%.rs: $(abi_sources) $(B)/nouveau/.kernel
	@mkdir -p $(@D)
	@CC=gcc-14 nvkm-rs/abi/generate $* $(@D) $(NOUVEAU)/include $(NOUVEAU)/nvkm/subdev/gsp/rm $(B)/abi

# The kernel has no headers of this one.
$(NVKM_GENERATED)/abi/r550.rs: $(B)/abi/r550/r550.h
$(B)/abi/r550/r550.h: | abi-program kernel
	@$(BIN)/nvkm-abi new 550.163.01

abi-program:
	@[ -e $(BIN)/nvkm-abi ] || echo "nvkm-abi: building"
	@$(CARGO) build -q --locked --release --manifest-path tools/Cargo.toml -p nvkm-abi

abi-diff: abi-program kernel
	@[ -n "$(A)" ] && [ -n "$(ABI_B)" ] || \
		{ echo "abi-diff: name two firmware versions, such as A=535.113.01 B=570.144" >&2; exit 2; }
	@$(BIN)/nvkm-abi diff --a '$(A)' --b '$(ABI_B)'

abi-new: abi-program kernel
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
# $(call kbuild,<variant>,<more>): the build's own messages go to a log.
kbuild = $(MAKE) -C $(K)/out M=$(B)/nouveau/$(1) CC=gcc-14 $(if $(DEBUG_INFO),,KCFLAGS=-g0) $(2) -j$(shell nproc) \
	modules </dev/null >$(B)/nouveau/$(1).log 2>&1 \
	|| { grep -E 'error|Error|\*\*\*' -A3 $(B)/nouveau/$(1).log | head -n 40; \
	echo "nouveau ($(1)) did not build; see $(B)/nouveau/$(1).log" >&2; exit 1; }
apply = $(BIN)/nvkm-overlay apply --nouveau $(K)/src/drivers/gpu/drm/nouveau --out $(B)/nouveau/$(1) $(2)

nouveau: $(B)/nouveau/on/nouveau.ko

# The rules below have real times: nothing is built again that is not older than what it is made of. A module is as old
# as the beginning of its build, so that an edit meanwhile is not lost.
$(B)/nouveau/on/nouveau.ko: $(sources) $(BIN)/nvkm-overlay $(B)/nouveau/.kernel
	@mkdir -p $(@D)
	@touch $(@D).began
	@echo "nouveau with Rust: building (some 4 minutes the first time)"
	@$(call apply,on)
	@$(call kbuild,on,CONFIG_DRM_NOUVEAU_RUST=y)
	@touch -r $(@D).began $@

# Begins with the pristine tree's objects: make compiles again what a hook touched, and what includes that.
$(B)/nouveau/off/nouveau.ko: $(sources) $(BIN)/nvkm-overlay $(B)/nouveau/.kernel | $(B)/nouveau/pristine/nouveau.ko
	@[ -d $(@D) ] || cp -a $(B)/nouveau/pristine $(@D)
	@touch $(@D).began
	@echo "nouveau hooked, Rust off: building"
	@$(call apply,off,--keep-lines)
	@$(call kbuild,off,)
	@touch -r $(@D).began $@

$(B)/nouveau/pristine/nouveau.ko: $(B)/nouveau/.kernel
	@mkdir -p $(@D)
	@touch $(@D).began
	@echo "nouveau as it is: building"
	@$(call apply,pristine,--pristine)
	@$(call kbuild,pristine,)
	@touch -r $(@D).began $@

$(BIN)/nvkm-overlay: | programs
# Which kernel that is: modules of another one are built again, and only those.
$(B)/nouveau/.kernel: kernel
	@mkdir -p $(@D)
	@echo "$$(readlink -f $(K)) $$(readlink -f $(K)/src) $$(readlink -f $(K)/out) $$(cat $(K)/release)" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# --- A/B --------------------------------------------------------------------------------------------------------------

ab: programs kernel firmware nouveau
	@$(BIN)/nvkm-ab run --gpu $(GPU) --fw $(FW) --seams $(SEAMS) $(if $(NAME),--name $(NAME))

ab-matrix: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab matrix

# C against Rust, counted in instructions. BENCH= more options of nvkm-ab bench, such as BENCH='--seams rpc,fw --binds 20'.
bench: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab bench $(BENCH)

# --- tests ------------------------------------------------------------------------------------------------------------

off := $(B)/nouveau/off/nouveau.ko
pristine := $(B)/nouveau/pristine/nouveau.ko

test: programs kernel nouveau abi-modules firmware-all $(off) $(pristine)
	@tools/test $(TESTS)

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

negative: programs kernel nouveau
	@tools/toolbox/firmware 570.144
	@tools/negative

# The kernel's own generator wants an in-tree crate; ours is one crate more beside those that it lists.
rust-analyzer: kernel nouveau
	@tools/rust-project $(K) $(B)/nouveau/on >rust-project.json
	@echo "rust-project.json: made"
