// SPDX-License-Identifier: GPL-2.0
//! `device.json`: what the device saw, and what is left in it.

use serde_json::{json, Map, Value};

use crate::device::Device;

impl Device {
    /// The content of `device.json`.
    pub fn report(&self) -> Value {
        let rm = self.rm.as_ref();
        let mut objects = self.leftovers.objects.clone();
        let (mut channels, mut mappings) = (self.leftovers.channels, self.leftovers.mappings);
        // A session that has not ended yet: all that exists now.
        let open =
            self.gsp.phase != crate::gsp::Phase::Halted && self.gsp.phase != crate::gsp::Phase::Off;
        if let (Some(rm), true) = (rm, open) {
            objects.extend(rm.objects.leaked());
            channels += self.fifo.len();
            mappings += rm.mappings();
        }
        let unknown_calls: Vec<Value> = self
            .rec
            .unknown_calls
            .iter()
            .map(|((kind, id), count)| json!({"kind": kind, "id": format!("{id:#x}"), "count": count}))
            .collect();
        let unknown_registers: Vec<Value> = self
            .rec
            .unknown_registers
            .iter()
            .map(|(addr, u)| json!({"addr": format!("{addr:#08x}"), "reads": u.reads, "writes": u.writes}))
            .collect();
        let mut report = json!({
            "gpu": self.options.chip.name,
            "fw": self.gsp.version,
            "boots": self.gsp.boots,
            "counts": self.rec.counts,
            "unknown_calls": unknown_calls,
            "unknown_registers": unknown_registers,
            "handed": self.rec.handed,
            "pages": self.rec.pages,
            "objects": objects,
            "channels": channels,
            "mappings": mappings,
            "unread": self.leftovers.unread,
            "errors": self.rec.errors,
            "errors_dropped": self.rec.errors_dropped,
            "state": self.state(),
        });
        if let Some(hostile) = &self.gsp.hostile {
            report["attack"] = hostile.report();
        }
        report
    }

    /// Final state that is worth comparing between two drivers.
    fn state(&self) -> Value {
        let mut s = Map::new();
        let mut put = |k: &str, v: Value| {
            s.insert(k.into(), v);
        };
        put("gsp_phase", json!(format!("{:?}", self.gsp.phase)));
        put("gsp_mailbox", hex(&self.gsp_falcon.mailbox));
        put("gsp_irqstat", hex(&[self.gsp_falcon.irqstat]));
        put("gsp_riscv_active", json!(self.gsp_falcon.riscv_active));
        put("sec2_mailbox", hex(&self.sec2.mailbox));
        put(
            "wpr2",
            json!([
                format!("{:#x}", self.plain.wpr2.0),
                format!("{:#x}", self.plain.wpr2.1)
            ]),
        );
        put("pramin_window", hex(&[self.plain.window]));
        put("tlb_flushes", json!(self.plain.tlb_flushes));
        put("intr_pending", hex(self.intr.pending()));
        put("intr_enabled", hex(self.intr.enabled()));
        put("intr_latched", json!(self.intr.latched));
        put("message_backlog", json!(self.gsp.has_backlog()));
        // After the end the driver has taken that memory back.
        if self.gsp.phase != crate::gsp::Phase::Off {
            let queues = self.gsp.queues.as_ref();
            if let Some(p) = queues.and_then(|q| q.pointers(&self.bus)) {
                put("queue_pointers", json!(p));
            }
        }
        put("channels_made", json!(self.fifo.made));
        put("copies", json!(self.fifo.copies));
        put("copied_bytes", json!(self.fifo.copied_bytes));
        put("ignored_methods", json!(self.fifo.ignored_methods));
        if let Some(rm) = &self.rm {
            put("rm_calls", json!(rm.calls));
            put("objects_made", json!(rm.objects.made));
            put("bar_pde", json!(rm.bar_pde.map(|p| format!("{p:#x}"))));
        }
        Value::Object(s)
    }
}

fn hex(words: &[u32]) -> Value {
    Value::Array(words.iter().map(|w| json!(format!("{w:#010x}"))).collect())
}
