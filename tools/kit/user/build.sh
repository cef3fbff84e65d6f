#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds nouveau with Rust in it: module/nouveau.ko.
#
# Usage: build.sh --kernel RELEASE      for a kernel of Debian's, from its packages (what DKMS calls)
#        build.sh --src TREE --out O    for a kernel tree and the O= directory it was built in (the tree itself, if
#                                       built in place), with CONFIG_RUST=y
#
# Debian's source is unpacked and prepared once, in /var/lib/nvkm-rust/RELEASE; that directory may be removed afterwards.
# Environment: RUSTC, BINDGEN, CBINDGEN, CC, LLVM go to the kernel's build, as it documents them.
# Exit: 0, 64 for wrong usage, 69 when something is missing or does not fit; the sentence says what.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${NVKM_RUST_CACHE:-/var/lib/nvkm-rust}
module=$here/module
log=$here/module.log

say() { printf 'build.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 69; }
usage() { sed -n '4,12s/^# \{0,1\}//p' "$0"; }

release='' src='' out=''
while [ $# -gt 0 ]; do
	case $1 in
	--kernel | --src | --out)
		[ -n "${2:-}" ] || { say "$1 wants a value"; exit 64; }
		case $1 in --kernel) release=$2 ;; --src) src=$2 ;; --out) out=$2 ;; esac
		shift 2
		;;
	-h | --help) usage; exit 0 ;;
	*) say "'$1' is not known"; usage >&2; exit 64 ;;
	esac
done
[ -n "$release$src" ] || { usage >&2; exit 64; }
[ -z "$release" ] || [ -z "$src$out" ] || { say '--kernel goes without --src and --out'; exit 64; }

# missing COMMAND:PACKAGE…: which of the packages are to be installed.
missing() {
	local pair list=''
	for pair in "$@"; do
		command -v "${pair%%:*}" >/dev/null || list="$list ${pair#*:}"
	done
	[ -z "$list" ] || die "install$list (README, section 1)"
}

# Free space in MB where a directory is, or will be.
free_mb() {
	local dir=$1
	while [ ! -e "$dir" ]; do dir=$(dirname "$dir"); done
	df -Pm "$dir" | awk 'NR == 2 { print $4 }'
}

version_of() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null; }

# Debian: source and headers must be of one package version, or symbols of one would meet structures of the other.
debian() {
	local headers=/usr/src/linux-headers-$release xy package tarball have want key
	[ -e "$headers/.config" ] || die "the headers of $release are missing: install linux-headers-$release"
	xy=$(printf '%s\n' "$release" | cut -d. -f1,2)
	package=linux-source-$xy
	tarball=/usr/src/$package.tar.xz
	[ -e "$tarball" ] || die "the source of $release is missing: install $package"
	want=$(version_of "linux-headers-$release") || die "linux-headers-$release is no package of this machine"
	have=$(version_of "$package") || die "$package is no package of this machine"
	[ "$have" = "$want" ] ||
		die "the kernel $release is of version $want, but $package is of $have: upgrade both, so that they are of one version"
	src=$cache/$release/src
	out=$cache/$release/out
	key="$have $(rustc --version)"
	if [ "$(cat "$cache/$release/.ready" 2>/dev/null)" = "$key" ]; then
		say "kernel $release: prepared before"
		return
	fi
	[ "$(free_mb "$cache")" -ge @TREE_MB@ ] || die "$cache has $(free_mb "$cache") MB free, and unpacked source needs @TREE_MB@"
	rm -rf "${cache:?}/$release"
	mkdir -p "$src" "$out"
	say "kernel $release: unpacking its source"
	tar -C "$src" --strip-components=1 --no-same-owner -xf "$tarball" || die "$tarball could not be unpacked"
	say "kernel $release: preparing to build modules with Rust"
	"$here/prepare" "$src" "$out" "$headers" "$release"
	printf '%s\n' "$key" >"$cache/$release/.ready"
}

# A tree of the user's own, built.
own() {
	out=${out:-$src}
	[ -e "$src/drivers/gpu/drm/nouveau/Kbuild" ] || die "--src $src is no kernel source with nouveau in it"
	[ -e "$out/include/config/kernel.release" ] || die "--out $out is no built kernel (no include/config/kernel.release)"
	src=$(cd "$src" && pwd)
	out=$(cd "$out" && pwd)
	grep -qx 'CONFIG_RUST=y' "$out/.config" || die "the kernel in $out has no CONFIG_RUST=y: turn it on and build again"
	grep -qE '^CONFIG_DRM_NOUVEAU=(y|m)$' "$out/.config" || die "the kernel in $out has no CONFIG_DRM_NOUVEAU"
	! grep -qx 'CONFIG_DRM_NOUVEAU=y' "$out/.config" || die "nouveau is built into the kernel in $out: make it a module (CONFIG_DRM_NOUVEAU=m)"
	[ -e "$out/Module.symvers" ] || die "$out has no Module.symvers: build its modules first (make modules)"
	[ -n "$(ls "$out"/rust/libkernel.rmeta 2>/dev/null)" ] || die "$out has no rust/libkernel.rmeta: build it first (make)"
	release=$(cat "$out/include/config/kernel.release")
}

# What the kernel was built with, unless told otherwise.
compiler() {
	if [ -n "${CC:-}" ]; then
		echo "CC=$CC"
	elif [ -e "$out/cc" ]; then
		echo "CC=$(cat "$out/cc")"
	elif grep -qx 'CONFIG_CC_IS_CLANG=y' "$out/.config"; then
		echo "LLVM=${LLVM:-1}"
	else
		echo "CC=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\).*/\1/p' "$out/.config")"
	fi
}

missing make:make spatch:coccinelle "${RUSTC:-rustc}:rustc" "${BINDGEN:-bindgen}:bindgen" "${CBINDGEN:-cbindgen}:cbindgen" \
	rustfmt:rustfmt
began=$SECONDS
if [ -n "$release" ]; then
	missing bc:bc bison:bison flex:flex pahole:pahole xz:xz-utils
	debian
else
	own
fi
prepared=$SECONDS
say "kernel $release: applying the overlay"
rm -rf "$module"
mkdir -p "$module"
"$here/bin/nvkm-overlay" apply --overlay "$here/overlay" --nouveau "$src/drivers/gpu/drm/nouveau" --out "$module" ||
	die "the overlay does not fit the kernel $release, see above: this kit was tried with @KERNEL@"
say "kernel $release: building nouveau with Rust"
# An M= build reads no Kconfig: the option is said here. Debug information would make it ten times as large.
make -C "$out" M="$module" "$(compiler)" KCFLAGS=-g0 CONFIG_DRM_NOUVEAU_RUST=y -j"$(nproc)" modules >"$log" 2>&1 </dev/null || {
	grep -E 'error|Error|\*\*\*' -A3 "$log" | head -n 40 >&2
	die "nouveau did not build; all of the build's messages are in $log"
}
say "kernel $release: $(du -sm "$module" | cut -f1) MB of objects"
say "kernel $release: $module/nouveau.ko is there, after $((prepared - began)) s of preparing and $((SECONDS - prepared)) s of building"
