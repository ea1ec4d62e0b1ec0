//! DNS messages (RFC 1035): what is asked, and what of an answer counts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question as WireQuestion, RCODE,
    ResourceRecord, SimpleDnsError, TYPE,
    rdata::{OPT, RData},
};

use super::DnsName;

/// The longest answer that is taken by UDP: what passes everywhere without fragments.
pub(super) const UDP_SIZE: u16 = 1232;

/// Most records of an answer that is looked at; many times what [`super::MOST_SERVERS`] need.
const MOST_RECORDS: usize = 1024;

/// Most names that an alias leads through.
const MOST_ALIASES: usize = 8;

/// One question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) name: DnsName,
    pub(super) kind: Kind,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The servers of a service (RFC 2782).
    Service,
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses.
    Ipv6,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A server of a service.
    Service(Service),
    /// An address.
    Address(IpAddr),
}

/// A server of a service (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Lower is tried first.
    pub(super) priority: u16,
    /// The share among those of the same priority.
    pub(super) weight: u16,
    pub(super) port: u16,
    /// The host as the answer has it, which may be no name of a host; empty for the root, which
    /// says that there is no such service.
    pub(super) target: String,
}

/// The records that answer a question; none where there is no such name, or none of this kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) records: Vec<Record>,
    /// For how many seconds they hold: the shortest time of any that led there.
    pub(super) ttl: u32,
}

/// What a message is, as an answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The answer, though it may be that there is nothing.
    Answer(Answer),
    /// The answer did not fit: it must be asked for by TCP.
    Truncated,
    /// The server did not answer the question; the name of its error.
    Failed(String),
    /// No answer to this question: late, forged, or no DNS message at all.
    NotOurs,
}

impl Question {
    /// The message that asks, with room for a longer answer (RFC 6891) where it goes by UDP.
    pub(super) fn to_message(&self, id: u16, by_udp: bool) -> Result<Vec<u8>, SimpleDnsError> {
        let mut packet = Packet::new_query(id);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let question = WireQuestion::new(self.wire_name()?, self.qtype(), IN, false);
        packet.questions.push(question);
        if by_udp {
            *packet.opt_mut() = Some(OPT {
                opt_codes: Vec::new(),
                udp_packet_size: UDP_SIZE,
                version: 0,
            });
        }
        packet.build_bytes_vec()
    }

    /// Reads a message as the answer to the question that went out under this id.
    pub(super) fn read(&self, id: u16, message: &[u8]) -> Reading {
        if !is_bounded(message) {
            return Reading::NotOurs;
        }
        let (Ok(packet), Ok(name)) = (Packet::parse(message), self.wire_name()) else {
            return Reading::NotOurs;
        };
        if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) {
            return Reading::NotOurs;
        }
        let is_ours = match &packet.questions[..] {
            [question] => {
                question.qname == name && question.qtype == self.qtype() && question.qclass == IN
            }
            // A server that could not read the question does not repeat it (RFC 1035 4.1.1).
            [] => !matches!(packet.rcode(), RCODE::NoError | RCODE::NameError),
            _ => false,
        };
        if !is_ours {
            return Reading::NotOurs;
        }
        if packet.has_flags(PacketFlag::TRUNCATION) {
            return Reading::Truncated;
        }
        match packet.rcode() {
            RCODE::NameError => Reading::Answer(Answer::default()),
            RCODE::NoError => Reading::Answer(self.select(name, &packet.answers)),
            other => Reading::Failed(format!("{other:?}")),
        }
    }

    /// The records of the name asked for, or of what it is an alias of (RFC 1034 3.6.2).
    fn select(&self, mut name: Name<'_>, answers: &[ResourceRecord<'_>]) -> Answer {
        let of = |name: &Name<'_>, record: &&ResourceRecord<'_>| {
            record.class == CLASS::IN && record.name == *name
        };
        let mut ttl = u32::MAX;
        for _ in 0..MOST_ALIASES {
            let alias = answers.iter().find_map(|record| match &record.rdata {
                RData::CNAME(alias) if of(&name, &record) => Some((record.ttl, alias.0.clone())),
                _ => None,
            });
            let Some((alias_ttl, alias)) = alias else {
                break;
            };
            ttl = ttl.min(alias_ttl);
            name = alias.into_owned();
        }
        let mut records = Vec::new();
        for record in answers.iter().filter(|record| of(&name, record)) {
            if let Some(read) = self.record(&record.rdata) {
                ttl = ttl.min(record.ttl);
                records.push(read);
            }
        }
        Answer { records, ttl }
    }

    fn record(&self, data: &RData<'_>) -> Option<Record> {
        match (self.kind, data) {
            (Kind::Service, RData::SRV(service)) => Some(Record::Service(Service {
                priority: service.priority,
                weight: service.weight,
                port: service.port,
                target: service.target.to_string(),
            })),
            (Kind::Ipv4, RData::A(a)) => Some(Record::Address(Ipv4Addr::from(a.address).into())),
            (Kind::Ipv6, RData::AAAA(aaaa)) => {
                Some(Record::Address(Ipv6Addr::from(aaaa.address).into()))
            }
            _ => None,
        }
    }

    fn wire_name(&self) -> Result<Name<'_>, SimpleDnsError> {
        Name::new(self.name.as_str())
    }

    fn qtype(&self) -> QTYPE {
        QTYPE::TYPE(match self.kind {
            Kind::Service => TYPE::SRV,
            Kind::Ipv4 => TYPE::A,
            Kind::Ipv6 => TYPE::AAAA,
        })
    }
}

const IN: QCLASS = QCLASS::CLASS(CLASS::IN);

/// Whether the header announces no more than is looked at: memory is taken for so many records
/// before the first of them is read.
fn is_bounded(message: &[u8]) -> bool {
    let Some(counts) = message.get(4..12) else {
        return false;
    };
    let (counts, _) = counts.as_chunks::<2>();
    let count: usize = counts
        .iter()
        .map(|count| usize::from(u16::from_be_bytes(*count)))
        .sum();
    count <= MOST_RECORDS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use simple_dns::rdata::{A, CNAME, SRV};

    use super::*;

    const ID: u16 = 0x1234;

    fn question() -> Question {
        Question {
            name: "_ldap._tcp.ad.contoso.com".parse().unwrap(),
            kind: Kind::Service,
        }
    }

    fn service<'a>(name: &'a str, ttl: u32, target: &'a str) -> ResourceRecord<'a> {
        let data = RData::SRV(SRV {
            priority: 1,
            weight: 2,
            port: 389,
            target: Name::new(target).unwrap(),
        });
        ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, ttl, data)
    }

    fn alias<'a>(name: &'a str, ttl: u32, to: &'a str) -> ResourceRecord<'a> {
        let data = RData::CNAME(CNAME(Name::new(to).unwrap()));
        ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, ttl, data)
    }

    /// An answer as a server would give it, changed before it is written.
    fn answer(change: impl FnOnce(&mut Packet<'_>)) -> Vec<u8> {
        let query = question().to_message(ID, true).unwrap();
        let mut packet = Packet::parse(&query).unwrap().into_reply();
        packet.answers = vec![service(
            "_LDAP._tcp.AD.contoso.com",
            600,
            "DC1.ad.contoso.com",
        )];
        change(&mut packet);
        packet.build_bytes_vec_compressed().unwrap()
    }

    fn targets(reading: Reading) -> (Vec<String>, u32) {
        let Reading::Answer(answer) = reading else {
            panic!("{reading:?}")
        };
        let targets = answer.records.into_iter().map(|record| match record {
            Record::Service(service) => {
                let Service {
                    priority,
                    weight,
                    port,
                    target,
                } = service;
                assert_eq!((priority, weight, port), (1, 2, 389));
                target
            }
            Record::Address(address) => panic!("{address}"),
        });
        (targets.collect(), answer.ttl)
    }

    #[test]
    fn an_answer_is_read_whatever_its_case() {
        let reading = question().read(ID, &answer(|_| {}));
        assert_eq!(
            targets(reading),
            (vec!["DC1.ad.contoso.com".to_owned()], 600)
        );
    }

    #[test]
    fn aliases_are_followed_and_strangers_records_passed_over() {
        let mut expected = vec![];
        let message = answer(|packet| {
            packet.answers = vec![
                service("other.test", 1, "evil.test"),
                alias("_ldap._tcp.ad.contoso.com", 300, "a.test"),
                service("_ldap._tcp.b.test", 900, "dc1.b.test"),
                alias("a.test", 800, "_ldap._tcp.b.test"),
                service("_ldap._tcp.b.test", 700, "dc2.b.test"),
            ];
            expected = vec!["dc1.b.test".to_owned(), "dc2.b.test".to_owned()];
        });
        assert_eq!(targets(question().read(ID, &message)), (expected, 300));
        let circle = answer(|packet| {
            packet.answers = vec![
                alias("_ldap._tcp.ad.contoso.com", 300, "a.test"),
                alias("a.test", 300, "_ldap._tcp.ad.contoso.com"),
            ];
        });
        assert!(targets(question().read(ID, &circle)).0.is_empty());
    }

    #[test]
    fn what_is_not_the_answer_to_the_question_is_not_taken() {
        let other = Question {
            name: "_ldap._tcp.ad.contoso.net".parse().unwrap(),
            ..question()
        };
        let address = Question {
            kind: Kind::Ipv4,
            ..question()
        };
        let message = answer(|_| {});
        for reading in [
            question().read(ID + 1, &message),
            other.read(ID, &message),
            address.read(ID, &message),
            question().read(ID, &question().to_message(ID, true).unwrap()),
            question().read(ID, &answer(|packet| packet.questions.clear())),
            question().read(
                ID,
                &answer(|packet| packet.questions.push(packet.questions[0].clone())),
            ),
            question().read(ID, &message[..message.len() - 1]),
            question().read(ID, b"junk"),
            question().read(ID, b""),
        ] {
            assert_eq!(reading, Reading::NotOurs);
        }
    }

    #[test]
    fn failures_and_names_that_are_not_there_are_told_apart() {
        let with = |rcode: RCODE| {
            question().read(
                ID,
                &answer(|packet| {
                    packet.answers.clear();
                    *packet.rcode_mut() = rcode;
                }),
            )
        };
        assert_eq!(with(RCODE::NameError), Reading::Answer(Answer::default()));
        assert!(targets(with(RCODE::NoError)).0.is_empty());
        assert_eq!(
            with(RCODE::ServerFailure),
            Reading::Failed("ServerFailure".to_owned())
        );
        let truncated = answer(|packet| packet.set_flags(PacketFlag::TRUNCATION));
        assert_eq!(question().read(ID, &truncated), Reading::Truncated);
        let unread = answer(|packet| {
            packet.questions.clear();
            packet.answers.clear();
            *packet.rcode_mut() = RCODE::FormatError;
        });
        assert_eq!(
            question().read(ID, &unread),
            Reading::Failed("FormatError".to_owned())
        );
    }

    #[test]
    fn addresses_are_read() {
        let question = Question {
            name: "dc1.ad.contoso.com".parse().unwrap(),
            kind: Kind::Ipv4,
        };
        let query = question.to_message(ID, false).unwrap();
        let mut packet = Packet::parse(&query).unwrap().into_reply();
        let address = Ipv4Addr::new(10, 0, 0, 5);
        packet.answers.push(ResourceRecord::new(
            Name::new("dc1.ad.contoso.com").unwrap(),
            CLASS::IN,
            3600,
            RData::A(A::from(address)),
        ));
        let message = packet.build_bytes_vec().unwrap();
        let expected = Answer {
            records: vec![Record::Address(address.into())],
            ttl: 3600,
        };
        assert_eq!(question.read(ID, &message), Reading::Answer(expected));
    }

    proptest! {
        #[test]
        fn no_octets_do_harm(noise: Vec<u8>, cuts in proptest::collection::vec((0_usize..200, any::<u8>()), 0..8)) {
            let mut message = answer(|_| {});
            for (at, octet) in cuts {
                if let Some(place) = message.get_mut(at) {
                    *place = octet;
                }
            }
            question().read(ID, &message);
            message.extend(&noise);
            question().read(ID, &message);
            question().read(ID, &noise);
        }
    }
}
