// SPDX-License-Identifier: GPL-2.0

//! Tier 0 of `gsp`: plain `::core`, so that it also runs in host tests.
