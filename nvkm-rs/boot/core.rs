// SPDX-License-Identifier: GPL-2.0

//! Tier 0 of `boot`: plain `::core`, so that it also runs in host tests.
