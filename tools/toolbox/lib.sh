# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the toolbox's scripts share: messages, and packages fetched by the suite's own signed index.

# shellcheck disable=SC2154 # top is set by whoever sources this
build=${BUILD:-$top/build}
cache=$build/cache/debs

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 69; }

# The package index: refreshed at most once a day, and not at all when there is no network but an index is there.
index() {
	local stamp=/var/lib/apt/lists/.refreshed
	[ -e "$stamp" ] && [ -z "$(find "$stamp" -mmin +1440)" ] && return
	if apt-get -q update >/tmp/apt-update.log 2>&1 && ! grep -q '^[WE]: Failed' /tmp/apt-update.log; then
		touch "$stamp"
	elif [ -n "$(apt-cache pkgnames | head -n 1)" ]; then
		say "the package index could not be refreshed; using the one of $(date -r /var/lib/apt/lists +%F)"
	else
		die "no package index and no network; connect once, or set DEBIAN_MIRROR= to a mirror that can be reached"
	fi
}

have() { apt-cache show "$1" >/dev/null 2>&1; }

# fetch PACKAGE[=VERSION] DIR: unpacks a package below DIR. Downloads are kept, and are not repeated.
fetch() {
	local pkg=$1 dir=$2 file
	mkdir -p "$cache" "$dir"
	have "${pkg%%=*}" || die "package ${pkg%%=*} is not in the index of $(. /etc/os-release; echo "$VERSION_CODENAME"); it may have been replaced: run again after 'rm -r $build/toolbox', or name your own kernel with KERNEL_SRC="
	mkdir -p "$cache/part"
	file=$(cd "$cache/part" && apt-get -q --print-uris download "$pkg" 2>/dev/null | awk 'NR == 1 { print $2 }')
	[ -n "$file" ] || die "package $pkg cannot be resolved"
	if [ ! -s "$cache/$file" ]; then
		say "fetching $file"
		(cd "$cache/part" && apt-get -q -o APT::Sandbox::User=root download "$pkg" >../fetch.log 2>&1 && mv "$file" ..) ||
			die "package $pkg could not be fetched ($(tail -n 1 "$cache/fetch.log")); is the mirror reachable?"
	fi
	dpkg-deb -x "$cache/$file" "$dir" || { rm -f "$cache/$file"; die "$file was damaged and has been removed; run again"; }
}
