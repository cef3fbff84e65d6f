/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What NVIDIA's headers, as the kernel carries them, want of the kernel, and no more. Read by
 * bindgen alone, in the kernel's build and in host builds alike.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define BIT(n) (1u << (n))
#define __counted_by(member)
