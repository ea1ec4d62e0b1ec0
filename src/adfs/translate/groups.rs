//! AD FS knows groups by SID or by `DOMAIN\name`, Homerealm by DN. A list says which is which:
//! `Get-ADGroup -Filter * | Select-Object SID, Name, DistinguishedName | Export-Csv groups.csv`.

use std::collections::BTreeMap;

/// Groups by SID and by name, each with its DN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    by_name: BTreeMap<String, String>,
}

/// Why a list of groups cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupsError {
    /// A column is missing.
    #[error("the list of groups has no column {0}; it needs SID, Name and DistinguishedName")]
    Column(&'static str),
    /// A line has more or fewer fields than the first one.
    #[error("line {0} of the list of groups has not as many fields as the first line")]
    Fields(usize),
}

impl Groups {
    /// Reads a list (RFC 4180) with the columns `SID`, `Name` and `DistinguishedName`.
    ///
    /// # Errors
    /// [`GroupsError`] with the column or the line.
    pub fn parse(list: &str) -> Result<Self, GroupsError> {
        let list = list.strip_prefix('\u{FEFF}').unwrap_or(list);
        // `Export-Csv` of Windows PowerShell begins with the type of the objects.
        let mut lines = list
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("#TYPE "));
        let header = lines
            .next()
            .map(|(_, line)| fields(line))
            .unwrap_or_default();
        let column = |name: &'static str| {
            let place = header
                .iter()
                .position(|field| field.eq_ignore_ascii_case(name));
            place.ok_or(GroupsError::Column(name))
        };
        let (sid, name, dn) = (
            column("SID")?,
            column("Name")?,
            column("DistinguishedName")?,
        );
        let mut by_name = BTreeMap::new();
        for (index, line) in lines {
            let fields = fields(line);
            let (Some(sid), Some(name), Some(dn)) =
                (fields.get(sid), fields.get(name), fields.get(dn))
            else {
                return Err(GroupsError::Fields(index + 1));
            };
            by_name.insert(sid.to_lowercase(), dn.clone());
            by_name.insert(name.to_lowercase(), dn.clone());
        }
        Ok(Self { by_name })
    }

    /// The DN of a group by SID, by name or by `DOMAIN\name`.
    pub fn dn(&self, group: &str) -> Option<&str> {
        let name = group.rsplit('\\').next().unwrap_or(group);
        self.by_name.get(&name.to_lowercase()).map(String::as_str)
    }
}

/// The fields of a line; quoted ones may have commas, and quotation marks twice.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = line.trim_end().chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    fields
}
