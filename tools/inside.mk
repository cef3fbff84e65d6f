# SPDX-License-Identifier: GPL-2.0
#
# What is done inside the toolbox. Called by tools/front.mk.

MAKEFLAGS += --no-print-directory
top := $(CURDIR)
BUILD ?= build
B := $(abspath $(BUILD))

GPU ?= tu104
FW ?= 570.144
SEAMS ?= 1
NAME ?= $(GPU)-$(FW)-$(subst $(comma),+,$(SEAMS))
KERNEL ?= 7.3
comma := ,

export BUILD := $(B)
# Where host builds of nvkm-rs find what is generated (rule abi-modules).
export NVKM_GENERATED := $(B)/generated
export CARGO_TARGET_DIR := $(B)/cargo-target
CARGO := cargo --config term.progress.when=\"never\"
BIN := $(CARGO_TARGET_DIR)/release
K := $(B)/kernel/current
REAL_FW := 570.144 535.113.01
sources := $(shell find Kconfig Makefile nvkm bridge nvkm-rs -type f)

.PHONY: ab ab-matrix test check off-absent host-tests negative programs kernel firmware nouveau rust-analyzer abi-modules

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

# --- firmware ABI -----------------------------------------------------------------------------------------------------

NOUVEAU := $(K)/src/drivers/gpu/drm/nouveau
abi_sources := $(wildcard nvkm-rs/abi/headers/*.h nvkm-rs/abi/*.awk) nvkm-rs/abi/bindgen_parameters nvkm-rs/abi/generate
abi_rs := $(addprefix $(NVKM_GENERATED)/abi/,r535.rs r570.rs)

# NVIDIA's types for host builds of nvkm-rs, made as the kernel's build makes them.
abi-modules: $(abi_rs)

$(abi_rs): $(NVKM_GENERATED)/abi/%.rs: $(abi_sources) $(B)/nouveau/.kernel
	@mkdir -p $(@D)
	@CC=gcc-14 nvkm-rs/abi/generate $* $(@D) $(NOUVEAU)/include $(NOUVEAU)/nvkm/subdev/gsp/rm

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
	@$(BIN)/nvkm-ab run --gpu $(GPU) --fw $(FW) --seams $(SEAMS) --name $(NAME)

ab-matrix: programs kernel nouveau
	@tools/toolbox/firmware $(REAL_FW)
	@$(BIN)/nvkm-ab matrix

# --- tests ------------------------------------------------------------------------------------------------------------

off := $(B)/nouveau/off/nouveau.ko
pristine := $(B)/nouveau/pristine/nouveau.ko

test: programs kernel nouveau $(off) $(pristine)
	@tools/toolbox/firmware $(REAL_FW)
	@tools/test $(TESTS)

check: programs kernel nouveau
	@tools/check

host-tests:
	@tools/test host

off-absent: programs kernel nouveau $(off) $(pristine)
	@tools/off-absent

negative: programs kernel nouveau
	@tools/toolbox/firmware 570.144
	@tools/negative

# The kernel's own generator wants an in-tree crate; ours is one crate more beside those that it lists.
rust-analyzer: kernel nouveau
	@tools/rust-project $(K) $(B)/nouveau/on >rust-project.json
	@echo "rust-project.json: made"
