//! A small DNS server on loopback, by UDP and TCP on one port, whose records and manners a test
//! may change while it runs. It ends with the value.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QTYPE, Question, RCODE, ResourceRecord, TYPE,
    rdata::{A, AAAA, CNAME, RData, SRV},
};

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it should.
    Answering,
    /// Says nothing.
    Silent,
    /// Says that it cannot.
    Failing,
    /// By UDP, says that the answer does not fit.
    Truncating,
    /// By UDP, is outrun by answers that others made up.
    Outrun,
}

/// A running server.
pub(crate) struct Dns {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

struct State {
    /// Name, seconds, kind and data.
    records: Vec<[String; 4]>,
    manner: Manner,
    asked: Vec<String>,
    asked_by_tcp: usize,
}

impl Dns {
    /// Starts with records written as `NAME SECONDS A|AAAA|CNAME|SRV DATA`.
    pub(crate) fn start(records: &[&str]) -> Self {
        let (udp, tcp) = (0..50)
            .find_map(|_| {
                let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
                let tcp = TcpListener::bind(udp.local_addr().expect("its address"));
                Some((udp, tcp.ok()?))
            })
            .expect("a port free for both");
        let dns = Self {
            address: udp.local_addr().expect("its address"),
            state: Arc::new(Mutex::new(State {
                records: Vec::new(),
                manner: Manner::Answering,
                asked: Vec::new(),
                asked_by_tcp: 0,
            })),
            ended: Arc::default(),
            threads: Vec::new(),
        };
        dns.set(records);
        dns.serving(udp, tcp)
    }

    fn serving(mut self, udp: UdpSocket, tcp: TcpListener) -> Self {
        udp.set_read_timeout(Some(Duration::from_millis(20)))
            .expect("a timeout");
        tcp.set_nonblocking(true).expect("no blocking");
        let (state, ended) = (self.state.clone(), self.ended.clone());
        let by_udp = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !ended.load(Ordering::Relaxed) {
                let Ok((length, from)) = udp.recv_from(&mut buffer) else {
                    continue;
                };
                let query = &buffer[..length];
                let mut state = lock(&state);
                if state.manner == Manner::Outrun {
                    // Right in all but where it comes from.
                    let elsewhere = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
                    let _ = elsewhere.send_to(&lie(query, 0, None), from);
                }
                for message in state.answers(query, false) {
                    let _ = udp.send_to(&message, from);
                }
            }
        });
        let (state, ended) = (self.state.clone(), self.ended.clone());
        let by_tcp = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let Ok((mut stream, _)) = tcp.accept() else {
                    thread::sleep(Duration::from_millis(5));
                    continue;
                };
                stream.set_nonblocking(false).expect("blocking");
                let mut length = [0; 2];
                let mut query = Vec::new();
                if stream.read_exact(&mut length).is_ok() {
                    query.resize(usize::from(u16::from_be_bytes(length)), 0);
                }
                if stream.read_exact(&mut query).is_err() {
                    continue;
                }
                for message in lock(&state).answers(&query, true) {
                    let length = u16::try_from(message.len()).expect("a short message");
                    let _ = stream.write_all(&[&length.to_be_bytes()[..], &message].concat());
                }
            }
        });
        self.threads = vec![by_udp, by_tcp];
        self
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the records.
    pub(crate) fn set(&self, records: &[&str]) {
        let parse = |line: &&str| -> [String; 4] {
            let words: Vec<_> = line.splitn(4, ' ').map(str::to_owned).collect();
            words.try_into().expect("NAME SECONDS KIND DATA")
        };
        lock(&self.state).records = records.iter().map(parse).collect();
    }

    pub(crate) fn behave(&self, manner: Manner) {
        lock(&self.state).manner = manner;
    }

    /// What was asked for since the last time, as `NAME KIND`.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).asked)
    }

    /// How many questions came by TCP.
    pub(crate) fn asked_by_tcp(&self) -> usize {
        lock(&self.state).asked_by_tcp
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl State {
    fn answers(&mut self, query: &[u8], by_tcp: bool) -> Vec<Vec<u8>> {
        let packet = Packet::parse(query).expect("a DNS message");
        let question = &packet.questions[0];
        self.asked
            .push(format!("{} {}", question.qname, kind(question)));
        self.asked_by_tcp += usize::from(by_tcp);
        let mut reply = self.reply(query);
        let mut before = Vec::new();
        match self.manner {
            Manner::Silent => return Vec::new(),
            Manner::Failing => {
                reply.answers.clear();
                *reply.rcode_mut() = RCODE::ServerFailure;
            }
            Manner::Truncating if !by_tcp => {
                reply.answers.truncate(1);
                reply.set_flags(PacketFlag::TRUNCATION);
            }
            // From who can forge the server's address, and does not see the question.
            Manner::Outrun if !by_tcp => {
                before.push(lie(query, 1, None));
                before.push(lie(query, 0, Some("other.test")));
                before.push(b"nothing".to_vec());
            }
            _ => {}
        }
        let mut message = reply.build_bytes_vec_compressed().expect("a message");
        let room = packet.opt().map_or(512, |opt| opt.udp_packet_size);
        if !by_tcp && message.len() > usize::from(room) {
            reply.answers.clear();
            reply.set_flags(PacketFlag::TRUNCATION);
            message = reply.build_bytes_vec_compressed().expect("a message");
        }
        before.push(message);
        before
    }

    /// The right answer.
    fn reply<'a>(&'a self, query: &'a [u8]) -> Packet<'a> {
        let packet = Packet::parse(query).expect("a DNS message");
        let question = packet.questions[0].clone();
        let mut reply = packet.into_reply();
        let mut name = question.qname.to_string();
        let mut is_name = false;
        while let Some(record) = self
            .records
            .iter()
            .find(|[owner, _, kind, _]| owner.eq_ignore_ascii_case(&name) && kind == "CNAME")
        {
            reply.answers.push(read(record));
            name.clone_from(&record[3]);
        }
        for record in &self.records {
            if record[0].eq_ignore_ascii_case(&name) {
                is_name = true;
                if record[2] == kind(&question) {
                    reply.answers.push(read(record));
                }
            }
        }
        if !is_name {
            *reply.rcode_mut() = RCODE::NameError;
        }
        reply
    }
}

/// An answer that nobody should take: under another id, or to another question.
fn lie(query: &[u8], off_by: u16, name: Option<&'static str>) -> Vec<u8> {
    let packet = Packet::parse(query).expect("a DNS message");
    let mut reply = packet.into_reply();
    reply.set_id(reply.id() ^ off_by);
    if let Some(name) = name {
        reply.questions[0].qname = Name::new(name).expect("a name");
    }
    let data = RData::SRV(SRV {
        priority: 0,
        weight: 0,
        port: 1,
        target: Name::new("evil.ad.test").expect("a name"),
    });
    let owner = reply.questions[0].qname.clone();
    reply
        .answers
        .push(ResourceRecord::new(owner, CLASS::IN, 1, data));
    reply.build_bytes_vec().expect("a message")
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("the state")
}

fn kind(question: &Question<'_>) -> &'static str {
    match question.qtype {
        QTYPE::TYPE(TYPE::SRV) => "SRV",
        QTYPE::TYPE(TYPE::A) => "A",
        QTYPE::TYPE(TYPE::AAAA) => "AAAA",
        _ => "other",
    }
}

fn read([name, seconds, kind, data]: &[String; 4]) -> ResourceRecord<'_> {
    let number = |text: &str| text.parse().expect("a number");
    let data = match kind.as_str() {
        "A" => RData::A(A::from(data.parse::<Ipv4Addr>().expect("an address"))),
        "AAAA" => RData::AAAA(AAAA::from(
            data.parse::<std::net::Ipv6Addr>().expect("an address"),
        )),
        "CNAME" => RData::CNAME(CNAME(Name::new(data).expect("a name"))),
        "SRV" => {
            let words: Vec<_> = data.split(' ').collect();
            RData::SRV(SRV {
                priority: number(words[0]),
                weight: number(words[1]),
                port: number(words[2]),
                target: Name::new(words[3]).expect("a name"),
            })
        }
        other => panic!("no kind {other:?}"),
    };
    let seconds = seconds.parse().expect("seconds");
    ResourceRecord::new(Name::new(name).expect("a name"), CLASS::IN, seconds, data)
}
