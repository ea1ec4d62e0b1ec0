use std::fmt;

use crate::{directory::Dn, realm::DomainName};

use super::{KeyedDn, Pattern, Subject, ToldAttribute};

/// Under which circumstances a claim is issued or a person let in: several tests, all of which
/// must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    tests: Vec<Test>,
}

/// One thing that must hold of a person. Where several are named, one of them is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// She is in one of these groups, or in a group that is in it, and so on.
    Group(Vec<KeyedDn>),
    /// Her account lies below one of these.
    Below(Vec<KeyedDn>),
    /// Her account is in one of these directories, by their names in the configuration.
    Directory(Vec<String>),
    /// Her cloud UPN ends in one of these.
    Suffix(Vec<DomainName>),
    /// She signed in with an external address in one of these domains.
    EmailDomain(Vec<DomainName>),
    /// Her account has a value like this.
    Attribute(ToldAttribute, Expected),
}

/// What an attribute's value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One of these, without regard to case: as directories compare them.
    AnyOf(Vec<String>),
    /// All of the value matches.
    Matches(Pattern),
}

impl Condition {
    /// `None` without a test: nothing to hold is not the same as everything.
    pub fn new(tests: Vec<Test>) -> Option<Self> {
        (!tests.is_empty()).then_some(Self { tests })
    }

    /// Whether all of it holds.
    pub fn holds(&self, subject: &Subject) -> bool {
        self.tests.iter().all(|test| test.holds(subject))
    }

    /// The first test that does not hold.
    pub fn first_failing(&self, subject: &Subject) -> Option<&Test> {
        self.tests.iter().find(|test| !test.holds(subject))
    }

    /// Its tests; never empty.
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }
}

impl Test {
    fn holds(&self, subject: &Subject) -> bool {
        match self {
            Self::Group(groups) => groups.iter().any(|group| subject.is_in(group)),
            Self::Below(places) => places.iter().any(|place| subject.is_below(place)),
            Self::Directory(names) => {
                let directory = subject.directory();
                directory.is_some_and(|own| names.iter().any(|name| name == own))
            }
            Self::Suffix(suffixes) => suffixes.iter().any(|s| s.as_ascii() == subject.suffix),
            Self::EmailDomain(domains) => subject
                .email()
                .and_then(|email| email.rsplit_once('@'))
                .is_some_and(|(_, domain)| domains.iter().any(|d| d.as_ascii() == domain)),
            Self::Attribute(name, expected) => {
                let mut values = subject.attribute(name).iter();
                values.any(|value| expected.is_met_by(value))
            }
        }
    }
}

impl Expected {
    fn is_met_by(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(expected) => {
                let value = value.to_lowercase();
                expected.iter().any(|one| one.to_lowercase() == value)
            }
            Self::Matches(pattern) => pattern.matches(value),
        }
    }
}

/// Both conditions and tests read as what a person is: "in the group X and whose title is Y".
impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(formatter, " and ", &self.tests)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |list: &[KeyedDn]| list.iter().map(KeyedDn::dn).map(Dn::to_string).collect();
        let domains = |list: &[DomainName]| list.iter().map(DomainName::to_string).collect();
        let (what, list): (&str, Vec<String>) = match self {
            Self::Group(groups) => ("in the group ", names(groups)),
            Self::Below(places) => ("below ", names(places)),
            Self::Directory(directories) => ("in the directory ", directories.clone()),
            Self::Suffix(suffixes) => ("with a cloud UPN in ", domains(suffixes)),
            Self::EmailDomain(all) => ("signed in with an address in ", domains(all)),
            Self::Attribute(name, Expected::Matches(pattern)) => {
                return write!(formatter, "with a {name} that matches {}", pattern.as_str());
            }
            Self::Attribute(name, Expected::AnyOf(values)) => {
                write!(formatter, "with the {name} ")?;
                ("", values.clone())
            }
        };
        formatter.write_str(what)?;
        write_list(formatter, " or ", &list)
    }
}

fn write_list(
    formatter: &mut fmt::Formatter<'_>,
    between: &str,
    list: &[impl fmt::Display],
) -> fmt::Result {
    for (at, item) in list.iter().enumerate() {
        if at > 0 {
            formatter.write_str(between)?;
        }
        write!(formatter, "{item}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::Particulars, *};

    fn wendy() -> Subject {
        Subject {
            sign_in_name: "wmoran@xn--bcher-kva.example".into(),
            immutable_id: "AAAA".into(),
            cloud_upn: "wmoran@partners.contoso.com".into(),
            display_name: None,
            suffix: "partners.contoso.com".into(),
            particulars: Particulars {
                external: true,
                directory: Some("contoso".into()),
                places: vec!["ou=partners,dc=contoso".into()],
                groups: vec!["cn=wiki,ou=groups,dc=contoso".into()],
                attributes: vec![("Department".into(), vec!["HR".into(), "Straße".into()])],
                password_expiry: None,
            }
            .kept(),
        }
    }

    fn dn(text: &str) -> Vec<KeyedDn> {
        vec![text.parse::<Dn>().unwrap().into()]
    }

    fn domain(text: &str) -> Vec<DomainName> {
        vec![DomainName::parse(text).unwrap()]
    }

    fn attribute(name: &str, expected: Expected) -> Test {
        Test::Attribute(ToldAttribute::parse(name).unwrap(), expected)
    }

    fn any_of(values: &[&str]) -> Expected {
        Expected::AnyOf(values.iter().map(ToString::to_string).collect())
    }

    fn matches(pattern: &str) -> Expected {
        Expected::Matches(Pattern::parse(pattern).unwrap())
    }

    #[test]
    fn each_test_holds_of_whom_it_should() {
        for (test, holds) in [
            (Test::Group(dn("CN=Wiki, OU=Groups,DC=Contoso")), true),
            (Test::Group(dn("CN=Wik,OU=Groups,DC=contoso")), false),
            (Test::Below(dn("OU=Partners,DC=contoso")), true),
            // A place that was not asked about is not one that she is below.
            (Test::Below(dn("DC=contoso")), false),
            (
                Test::Directory(vec!["fabrikam".into(), "contoso".into()]),
                true,
            ),
            (Test::Directory(vec!["Contoso".into()]), false),
            (Test::Suffix(domain("Partners.Contoso.com")), true),
            (Test::Suffix(domain("contoso.com")), false),
            (Test::EmailDomain(domain("bücher.example")), true),
            (Test::EmailDomain(domain("partners.contoso.com")), false),
            (attribute("DEPARTMENT", any_of(&["it", "hr"])), true),
            (attribute("department", any_of(&["STRASSE"])), false),
            (attribute("department", any_of(&["straße"])), true),
            (attribute("department", any_of(&["H"])), false),
            (attribute("department", matches("^H.$")), true),
            (attribute("department", matches("^H$")), false),
            (attribute("title", matches("^.*$")), false),
        ] {
            assert_eq!(test.holds(&wendy()), holds, "{test}");
        }
        let mut by_upn = wendy();
        by_upn.particulars = None;
        assert!(!Test::EmailDomain(domain("bücher.example")).holds(&by_upn));
    }

    #[test]
    fn all_tests_of_a_condition_must_hold() {
        let group = Test::Group(dn("CN=Wiki,OU=Groups,DC=contoso"));
        let other = Test::Suffix(domain("other.test"));
        assert!(Condition::new(vec![]).is_none());
        let one = Condition::new(vec![group.clone()]).unwrap();
        assert!(one.holds(&wendy()) && one.first_failing(&wendy()).is_none());
        let both = Condition::new(vec![group, other.clone()]).unwrap();
        assert!(!both.holds(&wendy()));
        assert_eq!(both.first_failing(&wendy()), Some(&other));
        assert_eq!(
            both.to_string(),
            "in the group CN=Wiki,OU=Groups,DC=contoso and with a cloud UPN in other.test"
        );
    }
}
