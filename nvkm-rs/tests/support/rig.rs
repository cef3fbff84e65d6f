// SPDX-License-Identifier: GPL-2.0

//! A driver around a session, and a resource manager that answers it.

#![allow(dead_code)]

use std::cell::RefCell;
use std::rc::Rc;

use nvkm_rs_core::rpc::core::command::CommandQueue;
use nvkm_rs_core::rpc::core::element::RpcHeader;
use nvkm_rs_core::rpc::core::history::History;
use nvkm_rs_core::rpc::core::host::{Drained, Host};
use nvkm_rs_core::rpc::core::message::MessageQueue;
use nvkm_rs_core::rpc::core::policy::ReplyPolicy::Recv;
use nvkm_rs_core::rpc::core::report::Report;
use nvkm_rs_core::rpc::core::session::{Patience, Session};

use super::{Message, Ring, Window};

/// What the resource manager does at the doorbell: gets the rings of commands and messages.
pub type OnDoorbell = Box<dyn FnMut(&mut Ring, &mut Ring)>;

/// The driver's side of a test.
pub struct Rig {
    pub commands: Window,
    pub messages: Window,
    pub on_doorbell: Option<OnDoorbell>,
    pub doorbells: u32,
    pub clock: u64,
    /// Messages delivered, in order.
    pub events: Vec<Message>,
    /// Something that happens at each delivery.
    pub on_event: Option<Box<dyn FnMut()>>,
    /// Functions that nobody wants.
    pub unwanted: Vec<u32>,
    /// Report lines, in order.
    pub reports: Vec<String>,
    /// The history as printed with the last report that wanted it.
    pub history: String,
    /// Allocations that still succeed.
    pub memory: usize,
    pub allocated: Vec<usize>,
}

impl Rig {
    /// Rings of `pages` pages that both begin at `at`, and an impatient session over them.
    pub fn new(pages: usize, at: usize) -> (Self, Session) {
        let mut rig = Self {
            commands: Window::commands(pages, at),
            messages: Window::messages(pages, at),
            on_doorbell: None,
            doorbells: 0,
            clock: 0,
            events: Vec::new(),
            on_event: None,
            unwanted: Vec::new(),
            reports: Vec::new(),
            history: String::new(),
            memory: usize::MAX,
            allocated: Vec::new(),
        };
        let commands = CommandQueue::attach(&mut rig.commands, pages as u32, 0).unwrap();
        let messages = MessageQueue::attach(&mut rig.messages, pages as u32).unwrap();
        let mut session = Session::new(commands, messages, 0);
        session.set_patience(Patience {
            command: 50,
            message: 500,
        });
        (rig, session)
    }

    /// Sets what the resource manager does at the doorbell.
    pub fn manager(&mut self, act: impl FnMut(&mut Ring, &mut Ring) + 'static) {
        self.on_doorbell = Some(Box::new(act));
    }

    /// A manager that answers each whole command with what `answer` makes of it: messages to post, now if there
    /// is room, else while the driver waits. Returns the list of elements as they came.
    pub fn answer(
        &mut self,
        mut answer: impl FnMut(&Message) -> Vec<Message> + 'static,
    ) -> Rc<RefCell<Vec<Message>>> {
        let wire = Rc::new(RefCell::new(Vec::new()));
        let trace = wire.clone();
        let queue: Rc<RefCell<std::collections::VecDeque<Message>>> = Rc::default();
        let later = queue.clone();
        self.manager(move |commands, messages| {
            while let Some(message) = commands.take() {
                queue.borrow_mut().extend(answer(&message));
                trace.borrow_mut().push(message);
            }
            flush(messages, &mut queue.borrow_mut());
        });
        self.messages.on_pause(move |messages, _| {
            flush(messages, &mut later.borrow_mut());
            true
        });
        wire
    }

    pub fn post(&self, message: &Message) {
        self.messages.ring.borrow_mut().post(message);
    }
}

fn flush(messages: &mut Ring, queue: &mut std::collections::VecDeque<Message>) {
    while let Some(message) = queue.pop_front() {
        if messages.room() < message.raw().len() / super::PAGE {
            queue.push_front(message);
            break;
        }
        messages.post(&message);
    }
}

impl Host for Rig {
    type Commands = Window;
    type Messages = Window;
    type Buffer = Vec<u8>;

    fn commands(&mut self) -> &mut Window {
        &mut self.commands
    }

    fn messages(&mut self) -> &mut Window {
        &mut self.messages
    }

    fn doorbell(&mut self) {
        self.doorbells += 1;
        if let Some(act) = &mut self.on_doorbell {
            act(
                &mut self.commands.ring.borrow_mut(),
                &mut self.messages.ring.borrow_mut(),
            );
        }
    }

    fn now(&mut self) -> u64 {
        self.clock += 1_000_000_123;
        self.clock
    }

    fn allocate(&mut self, size: usize) -> Option<Vec<u8>> {
        self.memory = self.memory.checked_sub(1)?;
        self.allocated.push(size);
        Some(vec![0; size])
    }

    fn bytes(buffer: &mut Vec<u8>) -> &mut [u8] {
        buffer
    }

    fn event(&mut self, header: &RpcHeader, message: Vec<u8>) -> bool {
        assert_eq!(message[..0x20], header.encode());
        assert_eq!(message.len(), header.length as usize);
        self.events.push(Message {
            element: 0,
            function: header.function,
            result: header.rpc_result,
            private: header.rpc_result_private,
            sequence: header.sequence,
            payload: message[0x20..].to_vec(),
        });
        if let Some(act) = &mut self.on_event {
            act();
        }
        !self.unwanted.contains(&header.function)
    }

    fn report(&mut self, report: &Report<'_>, history: &History) {
        self.reports.push(report.to_string());
        if report.wants_history() {
            self.history = history.to_string();
        }
    }
}

/// The session still works: a command, its reply, an event before it.
pub fn works(rig: &mut Rig, session: &mut Session) {
    let events = rig.events.len();
    rig.answer(|command| vec![Message::new(0x1007, vec![3; 3]), echo(command)]);
    let got = session
        .submit(rig, 103, &[6; 40], Recv, 40)
        .unwrap()
        .unwrap();
    assert_eq!(got[0x20..0x48], [6; 40]);
    assert_eq!(rig.events.len(), events + 1);
    assert_eq!(session.drain(rig, 10), Drained::default());
}

/// The reply that repeats its command.
pub fn echo(command: &Message) -> Message {
    Message::new(command.function, command.payload.clone()).sequence(command.sequence)
}
