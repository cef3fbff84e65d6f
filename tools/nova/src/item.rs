// SPDX-License-Identifier: GPL-2.0
//! One thing in which nova-core and nvkm differ, and how DMA addresses of two drivers are held against each other.

use std::collections::HashMap;

use serde::Deserialize;
use serde::Serialize;

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// A message of the queues.
    Message,
    /// Something that the device was handed in memory, or that was loaded into a Falcon.
    Buffer,
    /// Register accesses.
    Register,
    /// What the model complains of.
    Complaint,
}

/// How it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Both have it, with other contents.
    Differs,
    /// Both have it, at other places.
    Moved,
    /// nvkm does not have it.
    OnlyNova,
    /// nova-core does not have it.
    OnlyNvkm,
}

/// What differs, without values: reasons are found by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// What was compared.
    pub area: Area,
    /// The message, the buffer, or the step of the boot.
    pub of: String,
    /// The field, or the access (`W 0x110014`).
    pub what: String,
    /// How it differs.
    pub how: How,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What differs.
    #[serde(flatten)]
    pub place: Place,
    /// What nova-core has there; the first, if there are several.
    pub nova: String,
    /// What nvkm has there.
    pub nvkm: String,
    /// How often.
    pub times: usize,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    items: Vec<Item>,
    at: HashMap<Place, usize>,
    /// What a driver leaves to chance, so that it differs or not: no difference of its own.
    pub chance: Vec<String>,
    /// What is the same, by message, buffer or step: how many.
    pub equal: Vec<(Area, String, usize)>,
}

impl Found {
    /// Notes a difference.
    pub fn add(&mut self, place: Place, nova: String, nvkm: String) {
        if let Some(&n) = self.at.get(&place) {
            self.items[n].times += 1;
            return;
        }
        self.at.insert(place.clone(), self.items.len());
        self.items.push(Item {
            place,
            nova,
            nvkm,
            times: 1,
        });
    }

    /// Notes that many things that are the same.
    pub fn same(&mut self, area: Area, of: &str, times: usize) {
        let known = self
            .equal
            .iter_mut()
            .find(|(a, o, _)| (*a, o.as_str()) == (area, of));
        match known {
            Some((_, _, n)) => *n += times,
            None => self.equal.push((area, of.to_string(), times)),
        }
    }

    /// The differences, in the order in which they were found.
    pub fn items(&self) -> &[Item] {
        &self.items
    }
}

/// Which address of one driver is which of the other's: the first pair that is met decides, and all others must agree.
#[derive(Debug, Default)]
pub struct Pairs {
    there: HashMap<u64, u64>,
    back: HashMap<u64, u64>,
}

impl Pairs {
    /// Whether two addresses can be the same thing.
    pub fn same(&mut self, a: u64, b: u64) -> bool {
        if a == 0 || b == 0 {
            return a == b;
        }
        *self.there.entry(a).or_insert(b) == b && *self.back.entry(b).or_insert(a) == a
    }
}

#[cfg(test)]
mod tests {
    use super::Pairs;

    #[test]
    fn addresses_pair_one_to_one() {
        let mut pairs = Pairs::default();
        assert!(pairs.same(1, 10) && pairs.same(2, 20) && pairs.same(1, 10));
        assert!(!pairs.same(1, 20), "one address is two things");
        assert!(!pairs.same(3, 10), "two addresses are one thing");
        assert!(pairs.same(0, 0) && !pairs.same(0, 10) && !pairs.same(1, 0));
    }
}
