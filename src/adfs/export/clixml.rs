//! CLIXML, the form of `Export-Clixml` (MS-PSRP 2.2.5).

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{ExportError, LONGEST_EXPORT, Value};
use crate::xml::{self, Element, Limits};

const NAMESPACE: &str = "http://schemas.microsoft.com/powershell/2004/04";

const LIMITS: Limits = Limits {
    bytes: LONGEST_EXPORT,
    depth: 64,
    attributes: 8,
    elements: 2_000_000,
};

/// The objects of a document. A list of objects is that many objects.
pub(super) fn read(text: &str) -> Result<Vec<Value>, ExportError> {
    let root = xml::read(text.as_bytes(), &LIMITS)?;
    if !root.is(NAMESPACE, "Objs") {
        return Err(ExportError::Clixml("its root is not Objs"));
    }
    let mut seen = Objects::default();
    let mut values = Vec::new();
    for object in root.elements() {
        match seen.value(object)? {
            Value::List(items) => values.extend(items),
            one => values.push(one),
        }
    }
    Ok(values)
}

/// The objects that were read, by `RefId`: one that occurs again is only referred to.
#[derive(Default)]
struct Objects {
    by_id: BTreeMap<String, Value>,
}

impl Objects {
    fn value(&mut self, element: &Element) -> Result<Value, ExportError> {
        let text = || {
            element
                .text()
                .ok_or(ExportError::Clixml("a value has elements in it"))
        };
        Ok(match element.local_name() {
            "Nil" => Value::Nothing,
            "B" => Value::Bool(text()?.trim() == "true"),
            "I16" | "I32" | "I64" | "U16" | "U32" | "By" | "SB" => {
                let number = text()?.trim().parse();
                Value::Int(number.map_err(|_| ExportError::Clixml("a number is none"))?)
            }
            "BA" => {
                let octets: String = text()?.split_ascii_whitespace().collect();
                let octets = STANDARD.decode(octets);
                Value::Octets(octets.map_err(|_| ExportError::Clixml("octets are no base64"))?)
            }
            "Obj" => self.object(element)?,
            "Ref" => {
                let id = element.attribute("RefId").unwrap_or_default();
                let known = self.by_id.get(id).cloned();
                known.ok_or(ExportError::Clixml("a Ref refers to nothing before it"))?
            }
            // Strings, addresses, times, GUIDs, versions: all are text here.
            _ => Value::Text(unescape(text()?)),
        })
    }

    fn object(&mut self, object: &Element) -> Result<Value, ExportError> {
        let mut properties = BTreeMap::new();
        let mut list = None;
        let mut as_text = None;
        let mut is_primitive = false;
        for part in object.elements() {
            match part.local_name() {
                "TN" | "TNRef" => {}
                "ToString" => {
                    let text = part
                        .text()
                        .ok_or(ExportError::Clixml("ToString is no text"))?;
                    as_text = Some(unescape(text));
                }
                "Props" | "MS" => {
                    for property in part.elements() {
                        let name = property.attribute("N").unwrap_or_default();
                        let value = self.value(property)?;
                        properties.insert(unescape(name), value);
                    }
                }
                "LST" | "IE" | "STK" | "QUE" => {
                    let items = part.elements().map(|item| self.value(item));
                    list = Some(items.collect::<Result<_, _>>()?);
                }
                "DCT" => properties.extend(self.dictionary(part)?),
                // An enumeration: its number, and its name in ToString.
                _ => is_primitive = true,
            }
        }
        let value = match (list, as_text) {
            (Some(items), _) => Value::List(items),
            (None, Some(text)) if is_primitive || properties.is_empty() => Value::Text(text),
            (None, _) => Value::Object(properties),
        };
        if let Some(id) = object.attribute("RefId") {
            self.by_id.insert(id.to_owned(), value.clone());
        }
        Ok(value)
    }

    fn dictionary(&mut self, dictionary: &Element) -> Result<BTreeMap<String, Value>, ExportError> {
        let mut entries = BTreeMap::new();
        for entry in dictionary.elements() {
            let (mut key, mut value) = (String::new(), Value::Nothing);
            for part in entry.elements() {
                match part.attribute("N") {
                    Some("Key") => {
                        let text = self.value(part)?;
                        text.as_text().unwrap_or_default().clone_into(&mut key);
                    }
                    _ => value = self.value(part)?,
                }
            }
            entries.insert(key, value);
        }
        Ok(entries)
    }
}

/// `_xHHHH_` stands for a UTF-16 code unit that XML would not keep (MS-PSRP 2.2.5.3.2).
fn unescape(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(unit) = escaped_unit(rest) {
            units.push(unit);
            rest = rest.get(7..).unwrap_or_default();
        } else {
            units.extend(next.encode_utf16(&mut [0; 2]).iter());
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    String::from_utf16_lossy(&units)
}

fn escaped_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("_x")?.get(..4)?;
    let ends = text.get(6..7)? == "_";
    let are_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (ends && are_hex)
        .then(|| u16::from_str_radix(digits, 16).ok())
        .flatten()
}
