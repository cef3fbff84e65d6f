# SPDX-License-Identifier: GPL-2.0
#
# Two things in one file, as nouveau's own directory has it: included by nouveau's Kbuild (as Makefile.rust) it
# builds the Rust side; called by hand it is the front door ("make help").

ifdef KERNELRELEASE
ifeq ($(CONFIG_DRM_NOUVEAU_RUST),y)

# A build with M= reads no Kconfig: what Kconfig would say to C is said here.
ifdef KBUILD_EXTMOD
ccflags-y += -DCONFIG_DRM_NOUVEAU_RUST=1
endif
ccflags-y += -I $(obj)

nouveau-y += nvkm/subdev/gsp/rust.o
nouveau-y += nvkm/subdev/gsp/rust_helpers.o
nouveau-y += nvkm/subdev/gsp/rust_fw.o
nouveau-y += nvkm/subdev/gsp/rust_boot.o
nouveau-y += nvkm/subdev/gsp/rust_gsp.o
nouveau-y += nvkm-rs/nvkm_rs.o

# Where the Rust sources find what is generated.
export NVKM_GENERATED := $(abspath $(obj))/bridge

# nvkm's headers to Rust. Of the compiler's flags those are passed on that decide what is declared and how it is laid
# out; that gcc agrees is checked against offsets.s.
nvkm_bindgen_flags = $(filter -I% -D% -U% -include -isystem %.h -nostdinc -std=% -m64 -fshort-wchar \
	-fms-extensions -fms-anonymous-structs -fshort-enums,$(subst -I ,-I,$(strip $(c_flags))))

nvkm_target_x86 := x86_64-linux-gnu
nvkm_target_arm64 := aarch64-linux-gnu

quiet_cmd_nvkm_bindgen = BINDGEN $@
      cmd_nvkm_bindgen = $(BINDGEN) $< $(shell grep -v '^\#' $(src)/bridge/bindgen_parameters) \
	--rust-target 1.85 --use-core --ctypes-prefix ffi --no-debug '.*' -o $@ \
	-- $(nvkm_bindgen_flags) -fno-builtin -D__BINDGEN__ --target=$(nvkm_target_$(SRCARCH)) -w \
	-Wp,-MMD,$(depfile)

quiet_cmd_nvkm_offsets = GEN     $@
      cmd_nvkm_offsets = sed -n 's/^\.ascii "->\([A-Z0-9_]*\) [\#$$]*\([0-9]*\) .*/pub(super) const \1: usize = \2;/p' $< >$@

# Rust's exports to C: the selector's, and each subsystem's.
nvkm_rs_h := bridge/nvkm_rs.h $(foreach s,rpc fw boot gsp,bridge/nvkm_rs_$(s).h)
CBINDGEN ?= cbindgen
quiet_cmd_nvkm_cbindgen = CBINDGEN $@
      cmd_nvkm_cbindgen = $(CBINDGEN) -q -c $(src)/bridge/cbindgen_parameters.toml -o $@ $<

$(obj)/bridge/bindings.rs: $(src)/bridge/bindings.h $(src)/bridge/bindgen_parameters FORCE
	$(call if_changed_dep,nvkm_bindgen)

$(obj)/bridge/offsets.s: $(src)/bridge/offsets.c FORCE
	$(call if_changed_dep,cc_s_c)

$(obj)/bridge/offsets.rs: $(obj)/bridge/offsets.s FORCE
	$(call if_changed,nvkm_offsets)

$(obj)/bridge/nvkm_rs.h: $(src)/bridge/exports.rs $(src)/bridge/cbindgen_parameters.toml FORCE
	$(call if_changed,nvkm_cbindgen)

$(obj)/bridge/nvkm_rs_%.h: $(src)/bridge/%.rs $(src)/bridge/cbindgen_parameters.toml FORCE
	$(call if_changed,nvkm_cbindgen)

# NVIDIA's types, a module for each firmware version that the tree has headers of; the names come along.
nvkm_abi := $(foreach v,$(basename $(notdir $(wildcard $(src)/nvkm-rs/abi/headers/r*.h))),\
	$(if $(wildcard $(src)/nvkm/subdev/gsp/rm/$(v)/nvrm),$(v)))
nvkm_abi_rs := $(foreach v,$(nvkm_abi),bridge/abi/$(v).rs)

quiet_cmd_nvkm_abi = ABI     $@
      cmd_nvkm_abi = BINDGEN="$(BINDGEN)" CC="$(CC)" AWK="$(AWK)" DEPFILE="$(depfile)" $(src)/nvkm-rs/abi/generate \
	$(basename $(@F)) $(@D) $(src)/include $(src)/nvkm/subdev/gsp/rm

$(addprefix $(obj)/,$(nvkm_abi_rs)): $(obj)/bridge/abi/%.rs: $(src)/nvkm-rs/abi/headers/%.h \
	$(src)/nvkm-rs/abi/bindgen_parameters $(src)/nvkm-rs/abi/generate $(src)/nvkm-rs/abi/names.awk \
	$(src)/nvkm-rs/abi/layout.awk FORCE
	$(call if_changed_dep,nvkm_abi)

targets += bridge/bindings.rs bridge/offsets.s bridge/offsets.rs $(nvkm_rs_h) $(nvkm_abi_rs)
clean-files += bridge/bindings.rs bridge/offsets.rs $(nvkm_rs_h) bridge/abi/

$(obj)/nvkm-rs/nvkm_rs.o: $(obj)/bridge/bindings.rs $(obj)/bridge/offsets.rs $(addprefix $(obj)/,$(nvkm_abi_rs))
$(obj)/nvkm/subdev/gsp/rust.o: $(addprefix $(obj)/,$(nvkm_rs_h))

endif
else
include tools/front.mk
endif
