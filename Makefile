# SPDX-License-Identifier: GPL-2.0
#
# The front door ("make help"). What the kernel's build reads is nvkm-rs/Kbuild.
include tools/front.mk
