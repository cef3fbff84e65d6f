// SPDX-License-Identifier: GPL-2.0
//! Tests only: see `tests/order.rs`.
