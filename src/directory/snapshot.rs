//! Reading only what has changed since the last time, as Active Directory counts it.
//!
//! A domain controller gives each change an update sequence number (MS-ADTS 3.1.1.1.9), and each entry
//! has the number of its last one (`uSNChanged`). The numbers are that database's alone: another domain
//! controller, or one that was restored, has another `invocationId`, and then everything is read again.
//!
//! What no number tells of is found by a roll call, which asks for nobody's attributes but the
//! `objectGUID`: who was deleted, moved away or renamed with the unit she is in, and who may be seen now
//! and could not before. Deleted entries themselves need more rights than a service account should have.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ldap3::Scope;
use serde::{Deserialize, Serialize};

use super::{
    Directory, DirectoryError, Entry, Filter, ObjectGuid, Step,
    connection::{Connection, Fault, isolated},
    search::{Answer, Query, search},
};

/// How many entries are asked for by their `objectGUID` at once.
const AT_ONCE: usize = 100;
/// The groups that name the entry: no change of the entry itself, so that they would be out of date.
const BACK_LINK: &str = "memberOf";

/// What a directory said, and when by its own count: kept for the next time. Whoever keeps it as a
/// file keeps personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Snapshot {
    mark: Mark,
    /// What was asked: another question has another answer.
    question: Vec<String>,
    /// By `objectGUID`.
    entries: BTreeMap<String, Kept>,
}

/// How far a domain controller was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mark {
    /// `invocationId` of its database, in the text form.
    invocation_id: String,
    #[serde(rename = "highestCommittedUSN")]
    highest_committed_usn: u64,
}

/// An entry, its values in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    dn: String,
    attributes: BTreeMap<String, Vec<String>>,
}

/// All entries as they are now, and how that is known.
#[derive(Debug)]
pub struct CaughtUp {
    /// In the directory's order.
    pub entries: Vec<Entry>,
    /// For the next time; `None` where the directory does not count its changes.
    pub snapshot: Option<Snapshot>,
    /// How much had to be read.
    pub reading: Reading,
}

/// How much had to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Everything.
    Whole,
    /// What has changed.
    Changes {
        /// Entries that were read.
        read: usize,
        /// Entries that were there before.
        gone: usize,
    },
}

impl Snapshot {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether what changed since this one answers the question at that mark.
    fn precedes(&self, mark: &Mark, question: &[String]) -> bool {
        self.question == question
            && self.mark.invocation_id == mark.invocation_id
            && self.mark.highest_committed_usn <= mark.highest_committed_usn
    }
}

impl Directory {
    /// Reads every entry under the base that meets `filter` and the configured scope filter, page by
    /// page; where the snapshot is of the same domain controller and question, only what has changed.
    /// `each` is told how many more entries have been read.
    ///
    /// Values that change without a change of the entry stay as they were read: constructed attributes
    /// are as old as its last change. `memberOf` is such a one, and not read where changes are counted.
    ///
    /// # Errors
    /// When the directory cannot be read to its end.
    pub async fn catch_up(
        &self,
        filter: &Filter,
        attributes: &[&str],
        before: Option<&Snapshot>,
        mut each: impl FnMut(usize),
    ) -> Result<CaughtUp, DirectoryError> {
        let connection = self.dialer.dial_bound(None, self.dialer.budget()).await?;
        let mark = self.mark(&connection).await?;
        let mut wanted = attributes.to_vec();
        if mark.is_some() {
            wanted.retain(|name| !name.eq_ignore_ascii_case(BACK_LINK));
        }
        if !wanted.contains(&"objectGUID") {
            wanted.push("objectGUID");
        }
        let base = self.settings().base.as_str();
        let question = [base, &self.within_scope_filter(filter)];
        let question = question.into_iter().chain(wanted.iter().copied());
        let question: Vec<String> = question.map(str::to_owned).collect();

        let before = mark.as_ref().and_then(|mark| {
            let before = before.filter(|before| before.precedes(mark, &question))?;
            Some((before, before.mark.highest_committed_usn))
        });
        let mut reader = Reader {
            directory: self,
            connection: &connection,
            wanted: &wanted,
            each: &mut each,
        };
        let (entries, reading) = match before {
            None => (reader.read(filter).await?, Reading::Whole),
            Some((before, usn)) => reader.changes(filter, before, usn).await?,
        };
        let snapshot = mark.map(|mark| Snapshot {
            mark,
            question,
            entries: entries.iter().filter_map(keep).collect(),
        });
        Ok(CaughtUp {
            entries,
            snapshot,
            reading,
        })
    }

    /// How far the domain controller is; `None` where it is none, or does not say.
    async fn mark(&self, connection: &Connection) -> Result<Option<Mark>, DirectoryError> {
        let names = ["dsServiceName", "highestCommittedUSN"];
        let Some(root) = self.entry(connection, "", &names).await? else {
            return Ok(None);
        };
        let usn = root.values("highestCommittedUSN").next();
        let usn = usn.and_then(|text| text.parse().ok());
        let (Some(service), Some(usn)) = (root.values("dsServiceName").next(), usn) else {
            return Ok(None);
        };
        let service = self.entry(connection, service, &["invocationId"]).await?;
        let id = service.and_then(|entry| guid(&entry, "invocationId"));
        Ok(id.map(|id| Mark {
            invocation_id: id.to_string(),
            highest_committed_usn: usn,
        }))
    }

    /// One entry outside of the base; `None` where it cannot be read.
    async fn entry(
        &self,
        connection: &Connection,
        dn: &str,
        attributes: &[&str],
    ) -> Result<Option<Entry>, DirectoryError> {
        let deadline = self.settings().limits.operation_deadline;
        let query = Query {
            base: dn.to_owned(),
            scope: Scope::Base,
            filter: Filter::present("objectClass").to_string(),
            attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
            limit: 2,
            step: Step::Search,
        };
        let answer = isolated(deadline, search(connection.ldap(), query, deadline)).await;
        match answer.map_err(|fault| connection.failed(Step::Search, fault))? {
            Answer::Found(found) => Ok(found.entries.into_iter().next()),
            Answer::Result(..) => Ok(None),
            Answer::Malformed => Err(connection.failed(Step::Search, Fault::Malformed)),
        }
    }
}

/// Reads on one connection, since another may lead to another domain controller.
struct Reader<'a> {
    directory: &'a Directory,
    connection: &'a Connection,
    wanted: &'a [&'a str],
    each: &'a mut dyn FnMut(usize),
}

impl Reader<'_> {
    async fn read(&mut self, filter: &Filter) -> Result<Vec<Entry>, DirectoryError> {
        let mut entries = Vec::new();
        let each = &mut *self.each;
        let scan = self
            .directory
            .scan_on(self.connection, filter, self.wanted, |page| {
                each(page.len());
                entries.extend(page);
            });
        scan.await?;
        Ok(entries)
    }

    async fn changes(
        &mut self,
        filter: &Filter,
        before: &Snapshot,
        usn: u64,
    ) -> Result<(Vec<Entry>, Reading), DirectoryError> {
        let since = Filter::at_least("uSNChanged", usn.saturating_add(1));
        let since = Filter::And(vec![filter.clone(), since]);
        let mut fresh = by_guid(self.read(&since).await?);

        let mut present: Vec<(ObjectGuid, String)> = Vec::new();
        let scan =
            self.directory
                .scan_on(self.connection, filter, &["objectGUID"], |page| {
                    let named = page.iter();
                    present.extend(named.filter_map(|entry| {
                        Some((guid(entry, "objectGUID")?, entry.dn().to_owned()))
                    }));
                });
        scan.await?;

        let kept = |guid: &ObjectGuid, dn: &str| {
            let kept = before.entries.get(&guid.to_string())?;
            (kept.dn == dn).then_some(kept).and_then(Kept::entry)
        };
        let unknown = present
            .iter()
            .filter(|(guid, dn)| !fresh.contains_key(guid) && kept(guid, dn).is_none());
        let unknown: Vec<Filter> = unknown.map(|(guid, _)| guid.filter()).collect();
        for some in unknown.chunks(AT_ONCE) {
            let these = Filter::And(vec![filter.clone(), Filter::Or(some.to_vec())]);
            fresh.extend(by_guid(self.read(&these).await?));
        }
        let read = fresh.len();
        let there = present.iter();
        let there = there.filter(|(guid, _)| before.entries.contains_key(&guid.to_string()));
        let gone = before.len().saturating_sub(there.count());
        // One that went away between two of the searches is in neither.
        let entries = present
            .into_iter()
            .filter_map(|(guid, dn)| fresh.remove(&guid).or_else(|| kept(&guid, &dn)));
        Ok((entries.collect(), Reading::Changes { read, gone }))
    }
}

fn by_guid(entries: Vec<Entry>) -> HashMap<ObjectGuid, Entry> {
    let named = entries.into_iter();
    let named = named.filter_map(|entry| Some((guid(&entry, "objectGUID")?, entry)));
    named.collect()
}

fn guid(entry: &Entry, attribute: &str) -> Option<ObjectGuid> {
    ObjectGuid::try_from(entry.bytes(attribute).next()?).ok()
}

fn keep(entry: &Entry) -> Option<(String, Kept)> {
    let attributes = entry.attributes().map(|(name, values)| {
        let values = values.iter().map(|value| STANDARD.encode(value));
        (name.to_owned(), values.collect())
    });
    let kept = Kept {
        dn: entry.dn().to_owned(),
        attributes: attributes.collect(),
    };
    Some((guid(entry, "objectGUID")?.to_string(), kept))
}

impl Kept {
    /// `None` where somebody has damaged it: then it is read again.
    fn entry(&self) -> Option<Entry> {
        let attributes = self.attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| STANDARD.decode(value).ok());
            Some((name.clone(), values.collect::<Option<Vec<_>>>()?))
        });
        let attributes = attributes.collect::<Option<Vec<_>>>()?;
        Some(Entry::new(self.dn.clone(), attributes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: ObjectGuid = ObjectGuid::from_digits(0x6f96_19ff_8b86_d011_b42d_00c0_4fc9_64ff);

    fn entry() -> Entry {
        let attribute = |name: &str, value: &[u8]| (name.to_owned(), vec![value.to_vec()]);
        Entry::new(
            "CN=Wendy,DC=corp",
            vec![
                attribute("objectGUID", GUID.as_bytes()),
                attribute("mail", b"wendy@fabrikam.com"),
            ],
        )
    }

    #[test]
    fn an_entry_is_kept_as_it_was() {
        let (name, kept) = keep(&entry()).unwrap();
        assert_eq!(name, GUID.to_string());
        let again = kept.entry().unwrap();
        assert_eq!(again.dn(), "CN=Wendy,DC=corp");
        assert_eq!(
            again.values("mail").collect::<Vec<_>>(),
            ["wendy@fabrikam.com"]
        );
        assert_eq!(again.bytes("objectGUID").next(), Some(&GUID.as_bytes()[..]));
        let damaged = Kept {
            attributes: BTreeMap::from([("mail".to_owned(), vec!["~".to_owned()])]),
            ..kept
        };
        assert_eq!(damaged.entry(), None);
    }

    #[test]
    fn another_database_question_or_past_is_read_anew() {
        let mark = |id: &str, usn| Mark {
            invocation_id: id.to_owned(),
            highest_committed_usn: usn,
        };
        let question = vec!["DC=corp".to_owned()];
        let snapshot = Snapshot {
            mark: mark("one", 70),
            question: question.clone(),
            entries: BTreeMap::new(),
        };
        assert!(snapshot.precedes(&mark("one", 70), &question));
        assert!(snapshot.precedes(&mark("one", 71), &question));
        // As after a restore that kept the invocationId, which it should not.
        assert!(!snapshot.precedes(&mark("one", 69), &question));
        assert!(!snapshot.precedes(&mark("two", 71), &question));
        assert!(!snapshot.precedes(&mark("one", 71), &["DC=other".to_owned()]));
    }
}
