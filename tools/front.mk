# SPDX-License-Identifier: GPL-2.0
#
# The front door: what runs on the machine. All work is done inside the toolbox, by tools/inside.mk.

BOX := tools/toolbox/toolbox
MAKEFLAGS += --no-print-directory

# All these are the same to us: the toolbox, then the rule of that name in it.
INSIDE := ab ab-matrix hooks kernels newest hostile test-debug loom test check off-absent host-tests negative seeded snapshots programs kernel firmware nouveau rust-analyzer \
	abi-diff abi-new abi-lines abi-modules trace-names firmware-all fuzz mutate bench nova core series series-check fixes \
	kit kit-programs kit-rehearsal

.PHONY: help toolbox clean distclean shell hw $(INSIDE)

help:
	@echo 'make ab          C, C again, Rust on the virtual GPU; table, verdict; exit 0 only when equal'
	@echo '                 GPU=tu104|tu116|ga100|ga102|ga106|ad102|…  FW=570.144|535.113.01|synthetic  NAME=<of the run>'
	@echo '                 SEAMS=1|none|shadow|any of rpc,fw,boot,gsp'
	@echo 'make ab-matrix   every GPU x firmware x subsystem that is claimed to work'
	@echo 'make bench       what a bind costs in C and in Rust: instructions, memory; build/bench/report.html'
	@echo 'make nova        nova-core on the same virtual GPU, beside nvkm; writes its table into migration-plan.md;  GPU=<some>'
	@echo '                 build/nova/report.json; exit 0 only when it boots everywhere and every difference has a reason'
	@echo 'make test        all tests; closing line "N passed, N failed"'
	@echo 'make check       formatting, lints, licences, checkpatch'
	@echo "make hw          the same A/B on this machine's own card, by unbind, bind and tracepoints; asks first, then an archive"
	@echo '                 without names: build/hw;  HW="--device 0000:01:00.0 --seams rpc"  (more: nvkm-hw run --help)'
	@echo 'make nouveau     only build: build/nouveau/on/nouveau.ko, for the distribution kernel of build/kernel/current'
	@echo 'make off-absent  the hooked tree with the option off against a pristine one'
	@echo 'make hooks       which hook applies to which kernel, in seconds: build/hooks.json;  KERNEL=7.2'
	@echo 'make kernels     the other kernel, 7.2: hooks, build, off means absent, A/B'
	@echo 'make newest      our own kernel and nouveau by the newest rustc of the backports, and an A/B cell on it'
	@echo 'make hostile     each attack of a hostile GSP on C and on Rust, on our own kernel with KASAN: build/hostile/report.json;'
	@echo '                 ATTACKS="sequence print" (only those so named)  HOSTILE=--list (what there is)'
	@echo 'make test-debug  the same kernel: a life, failing allocations, 100,000 commands of 8 threads; KASAN, lockdep and kmemleak must be'
	@echo '                 silent;  STEPS=<some of kunit life leaks allocations threads unload fixes model>, or planted'
	@echo 'make loom        the order of accesses between CPU and device, in every interleaving'
	@echo 'make negative    deliberately wrong Rust must be found out;  FAULTS=<some of selftests/*/faults.toml>'
	@echo 'make seeded      small faults in C and in Rust must turn the verdict, and the report point at them;'
	@echo '                 FAULTS=<some>, FAULTS="--in c", FAULTS=--list, FAULTS=--resume (only those that are missing)'
	@echo 'make snapshots   machines that begin from a snapshot against machines that boot, for the whole matrix'
	@echo 'make abi-diff A=535.113.01 B=570.144   what changed between two firmware ABIs: versions, header trees, objects'
	@echo 'make abi-new VERSION=550.163.01   a new version: its types, and what has to be decided;  HEADERS=<tree or object>'
	@echo 'make abi-lines   what each version cost by hand'
	@echo 'make trace-names names and layouts of both firmware versions, for nvkm-trace'
	@echo 'make fuzz        fuzz the parsers;  SECONDS_EACH=60  TARGETS=<some of nvkm-rs/fuzz/fuzz_targets>'
	@echo 'make mutate      change single register accesses of boot: tests must fail;  N=10  SEED=<any>'
	@echo 'make core        10,000 commands of another driver beside nouveau, with C and with Rust'
	@echo 'make series SEAM=rpc   patches for upstream, with a cover letter: build/series/rpc/v1;  VERSION=2  AUTHOR="Name <mail>"'
	@echo 'make series-check   all series, proven patch by patch;  SEAM=<some of rpc fw boot gsp>'
	@echo "make fixes       a series of fixes for faults in upstream's C that make hostile shows: build/series/fixes/v1;  CHECK=1 proves it"
	@echo 'make kit         one archive for people with a card: module source for DKMS, scripts, README; build/kit/'
	@echo 'make kit-rehearsal   that archive as its user has it: a clean Debian 13, DKMS, a guest with the virtual GPU; exit 0 only when'
	@echo '                 the report says equal;  GPU=<some>  FRESH=1 (fetch its packages anew)'
	@echo 'make rust-analyzer   rust-project.json for editors'
	@echo 'make shell       a shell inside the toolbox'
	@echo 'make clean       remove what was built, keep what was fetched;  make distclean: all of build/'
	@echo 'KERNEL=7.2       another kernel than the default, 7.3, for ab, nouveau, off-absent, …; each keeps its own modules'
	@echo 'KERNEL_SRC= KERNEL_BUILD=   your own kernel tree and its O= directory (CONFIG_RUST=y)'
	@echo 'KERNEL_IMAGE= KERNEL_MODULES=   its image, and a directory with its lib/modules, if they are elsewhere'
	@echo 'FIRMWARE_DIR=    a directory like /lib/firmware instead of packages;  DEBIAN_MIRROR=  a mirror'
	@echo 'BUILD=           where everything goes (default: build)'

toolbox:
	@$(BOX) ensure

$(INSIDE): toolbox
	@$(BOX) run $(MAKE) -f tools/inside.mk $@

# On the machine itself, not in the toolbox: its own firmware, modules and logs are looked at. The program is static.
hw: programs
	@$(or $(BUILD),build)/bin/nvkm-hw run --out $(or $(BUILD),build)/hw $(HW)

shell: toolbox
	@$(BOX) run bash

clean:
	rm -rf $(or $(BUILD),build)/ab $(or $(BUILD),build)/bench $(or $(BUILD),build)/nouveau $(or $(BUILD),build)/nova $(or $(BUILD),build)/cargo-target $(or $(BUILD),build)/bin $(or $(BUILD),build)/tmp

# The roots that an ordinary user made belong to that user's subordinate ids.
distclean:
	@$(BOX) remove
	rm -rf $(or $(BUILD),build)
