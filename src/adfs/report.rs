//! What was found about all trusts of an export: for people as a page, for spreadsheets as CSV, and for
//! programs as JSON. A page shows nothing but what it escapes.

use askama::Template;
use serde::Serialize;

use super::{
    RelyingPartyTrust,
    assess::{Assessment, Finding, MigrationStatus, Outcome, assess},
    homerealm_trust::settings_that_differ,
    translate::{Domain, Translation, Untranslated, translate},
};

/// All trusts of an export, looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Each trust, in the order of the export.
    pub trusts: Vec<Looked>,
}

/// One trust, looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Looked {
    /// Its name.
    pub name: String,
    /// Its identifiers.
    pub identifiers: Vec<String>,
    /// Whether AD FS answers it.
    pub enabled: bool,
    /// The tests of Microsoft's tool.
    #[serde(flatten)]
    pub assessment: Assessment,
    /// How many claims could be translated.
    pub claims: usize,
    /// What could not be translated.
    pub untranslated: Vec<Untranslated>,
    /// Settings that Homerealm has not, or has otherwise.
    pub differences: Vec<String>,
    /// What is not quite the same.
    pub notes: Vec<String>,
    #[serde(skip)]
    trust: RelyingPartyTrust,
    #[serde(skip)]
    translation: Translation,
}

impl Report {
    /// Looks at trusts.
    pub fn of(trusts: Vec<RelyingPartyTrust>, domain: &Domain) -> Self {
        let looked = trusts.into_iter().map(|trust| Looked::at(trust, domain));
        Self {
            trusts: looked.collect(),
        }
    }

    /// Whether no test failed.
    pub fn is_good(&self) -> bool {
        self.count(Outcome::Fail) == 0
    }

    /// How many trusts ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        let mut outcomes = self.trusts.iter().map(|looked| looked.assessment.outcome);
        outcomes.by_ref().filter(|of| *of == outcome).count()
    }

    /// How many in a hundred, for the page's chart.
    fn share(&self, outcome: Outcome) -> usize {
        (self.count(outcome) * 100)
            .checked_div(self.trusts.len())
            .unwrap_or(0)
    }

    /// A line for each finding (RFC 4180).
    pub fn to_csv(&self) -> String {
        let mut csv = line(&["trust", "identifier", "test", "outcome", "message", "cure"]);
        for looked in &self.trusts {
            let identifier = looked.identifiers.first().map_or("", String::as_str);
            let row = |test: &str, outcome: &str, message: &str, cure: &str| {
                line(&[&looked.name, identifier, test, outcome, message, cure])
            };
            for finding in &looked.assessment.findings {
                csv += &row(
                    finding.test,
                    finding.outcome.word(),
                    &finding.message,
                    finding.cure.unwrap_or_default(),
                );
            }
            for untranslated in &looked.untranslated {
                csv += &row(
                    "translation",
                    "untranslated",
                    &untranslated.what,
                    &untranslated.reason,
                );
            }
            for difference in &looked.differences {
                csv += &row("translation", "not taken over", difference, "");
            }
        }
        csv
    }

    /// A page.
    ///
    /// # Errors
    /// Where the template cannot be written.
    pub fn to_html(&self) -> Result<String, askama::Error> {
        Page { report: self }.render()
    }
}

impl Looked {
    fn at(trust: RelyingPartyTrust, domain: &Domain) -> Self {
        let translation = translate(&trust, domain);
        Self {
            name: trust.name.clone(),
            identifiers: trust.identifiers.clone(),
            enabled: trust.enabled,
            assessment: assess(&trust),
            claims: translation.claims.len(),
            untranslated: translation.untranslated.clone(),
            differences: settings_that_differ(&trust),
            notes: translation.notes.clone(),
            trust,
            translation,
        }
    }

    /// The trust as it was exported.
    pub fn trust(&self) -> &RelyingPartyTrust {
        &self.trust
    }

    /// What became of its rules.
    pub fn translation(&self) -> &Translation {
        &self.translation
    }

    /// The findings that somebody should see.
    fn remarks(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.assessment.findings.iter();
        findings.filter(|finding| finding.outcome != Outcome::Pass)
    }

    /// How many tests passed.
    fn passed(&self) -> usize {
        self.assessment.findings.len() - self.remarks().count()
    }
}

impl Outcome {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Fail => "fail",
        }
    }
}

impl MigrationStatus {
    /// What the portal calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready to migrate",
            Self::NeedsReview => "needs review",
            Self::AdditionalStepsRequired => "additional steps required",
        }
    }
}

#[derive(Template)]
#[template(path = "adfs/assessment.html")]
struct Page<'a> {
    report: &'a Report,
}

fn line(fields: &[&str]) -> String {
    let quoted = fields.iter().map(|field| {
        // A spreadsheet takes what begins like that for a formula.
        let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let guard = if is_formula { "'" } else { "" };
        format!("\"{guard}{}\"", field.replace('"', "\"\""))
    });
    quoted.collect::<Vec<_>>().join(",") + "\r\n"
}
