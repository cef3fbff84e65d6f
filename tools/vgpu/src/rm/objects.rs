// SPDX-License-Identifier: GPL-2.0
//! RM's objects: a tree of handles below each client.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mem::Aperture;
use crate::mmu::Root;

/// NV_STATUS values that the model gives.
pub mod status {
    /// NV_OK
    pub const OK: u32 = 0;
    /// NV_ERR_INSERT_DUPLICATE_NAME
    pub const DUPLICATE: u32 = 0x19;
    /// NV_ERR_INVALID_ARGUMENT
    pub const INVALID_ARGUMENT: u32 = 0x1f;
    /// NV_ERR_INVALID_CLASS
    pub const INVALID_CLASS: u32 = 0x22;
    /// NV_ERR_INVALID_CLIENT
    pub const INVALID_CLIENT: u32 = 0x23;
    /// NV_ERR_INVALID_OBJECT_HANDLE
    pub const INVALID_HANDLE: u32 = 0x33;
    /// NV_ERR_INVALID_OBJECT_PARENT
    pub const INVALID_PARENT: u32 = 0x36;
    /// NV_ERR_INVALID_STATE
    pub const INVALID_STATE: u32 = 0x40;
    /// NV_ERR_NO_MEMORY
    pub const NO_MEMORY: u32 = 0x51;
    /// NV_ERR_NOT_SUPPORTED
    pub const NOT_SUPPORTED: u32 = 0x56;
    /// NV_ERR_OBJECT_NOT_FOUND
    pub const NOT_FOUND: u32 = 0x57;
}

/// More objects than this are refused.
const MAX_OBJECTS: usize = 1 << 16;

/// RS_UNIQUE_HANDLE_BASE and RS_UNIQUE_HANDLE_RANGE: the handles that RM makes up.
const HANDLE_BASE: u32 = 0xcaf0_0000;
const HANDLE_RANGE: u32 = 0x8_0000;

/// What the model keeps of an object beside its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing more.
    Plain,
    /// An address space and, once it is known, its page directory.
    VaSpace(Option<Root>),
    /// A channel, by its number.
    Channel(u32),
    /// An event: the notification it waits for.
    Event {
        /// notifyIndex of NV0005_ALLOC_PARAMETERS.
        notify: u32,
    },
    /// Memory described by page lists.
    Memory {
        /// Where its pages are.
        aperture: Aperture,
        /// Their addresses, in order.
        pages: Vec<u64>,
    },
}

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Class.
    pub class: u32,
    /// Parent's handle, 0 for a client.
    pub parent: u32,
    /// RM made it itself.
    pub internal: bool,
    /// Its own data.
    pub kind: Kind,
}

/// An object as `device.json` lists it.
#[derive(Debug, Clone, Serialize)]
pub struct Leaked {
    /// Client.
    pub client: String,
    /// Handle.
    pub handle: String,
    /// Class.
    pub class: String,
}

/// All objects: (client, handle) -> object. A client is the object whose handle is its own.
#[derive(Debug, Default)]
pub struct Objects {
    map: BTreeMap<(u32, u32), Object>,
    /// How many handles were made up for each client.
    named: BTreeMap<u32, u32>,
    /// Objects ever made by drivers.
    pub made: u64,
}

impl Objects {
    /// The object.
    pub fn get(&self, client: u32, handle: u32) -> Option<&Object> {
        self.map.get(&(client, handle))
    }

    /// The object, to change.
    pub fn get_mut(&mut self, client: u32, handle: u32) -> Option<&mut Object> {
        self.map.get_mut(&(client, handle))
    }

    /// A handle for an object whose maker gives it none: as RM does it in clientAssignResourceHandle() (resserv/rs_client.c of
    /// NVIDIA's open driver).
    pub fn name(&mut self, client: u32) -> u32 {
        loop {
            let count = self.named.entry(client).or_default();
            let handle = HANDLE_BASE + *count % HANDLE_RANGE;
            *count = count.wrapping_add(1);
            // Ends: there are fewer objects than names.
            if !self.map.contains_key(&(client, handle)) {
                return handle;
            }
        }
    }

    /// Adds an object.
    ///
    /// # Errors
    /// NV_STATUS for an unknown client or parent, or a handle in use.
    pub fn add(&mut self, client: u32, handle: u32, object: Object) -> Result<(), u32> {
        let is_client = client == handle;
        if !is_client {
            if !self.map.contains_key(&(client, client)) {
                return Err(status::INVALID_CLIENT);
            }
            if !self.map.contains_key(&(client, object.parent)) {
                return Err(status::INVALID_PARENT);
            }
        }
        if self.map.len() >= MAX_OBJECTS {
            return Err(status::NO_MEMORY);
        }
        if handle == 0 || self.map.contains_key(&(client, handle)) {
            return Err(status::DUPLICATE);
        }
        self.made += u64::from(!object.internal);
        self.map.insert((client, handle), object);
        Ok(())
    }

    /// Removes an object and all below it; children come first in what is returned.
    ///
    /// # Errors
    /// NV_STATUS when there is no such client or object.
    pub fn remove(&mut self, client: u32, handle: u32) -> Result<Vec<(u32, Object)>, u32> {
        if !self.map.contains_key(&(client, client)) {
            return Err(status::INVALID_CLIENT);
        }
        if !self.map.contains_key(&(client, handle)) {
            return Err(status::NOT_FOUND);
        }
        if client == handle {
            self.named.remove(&client);
        }
        let mut order = vec![handle];
        let mut next = 0;
        while next < order.len() {
            let parent = order[next];
            next += 1;
            let below = self
                .map
                .range((client, 0)..=(client, u32::MAX))
                .filter(|((_, h), o)| o.parent == parent && *h != client && !order.contains(h))
                .map(|((_, h), _)| *h)
                .collect::<Vec<_>>();
            order.extend(below);
        }
        Ok(order
            .into_iter()
            .rev()
            .filter_map(|h| self.map.remove(&(client, h)).map(|o| (h, o)))
            .collect())
    }

    /// Every object: ((client, handle), object).
    pub fn iter(&self) -> impl Iterator<Item = (&(u32, u32), &Object)> {
        self.map.iter()
    }

    /// Objects that drivers made and that still exist.
    pub fn leaked(&self) -> Vec<Leaked> {
        self.map
            .iter()
            .filter(|(_, o)| !o.internal)
            .map(|((c, h), o)| Leaked {
                client: format!("{c:#010x}"),
                handle: format!("{h:#010x}"),
                class: format!("{:#06x}", o.class),
            })
            .collect()
    }
}
