//! Documents full of namespaces, for canonical forms.

use crate::random::Random;

/// A document, the path of child numbers to its apex, and a `PrefixList`.
pub(crate) struct Case {
    pub(crate) document: String,
    pub(crate) apex: Vec<usize>,
    pub(crate) list: String,
}

const PREFIXES: [&str; 4] = ["", "p", "q", "r"];
const NAMESPACES: [&str; 4] = [
    "urn:1",
    "urn:2",
    "http://3.example/?a;b=(&apos;)#c",
    "urn:a:b",
];
const TEXTS: [&str; 10] = [
    "x",
    "&amp;&lt;&gt;",
    ">",
    "\"'",
    "\t",
    "\r\n",
    "&#13;",
    "é漢😀",
    "\n  ",
    "]]&gt;",
];
const VALUES: [&str; 8] = [
    "",
    "&quot;",
    "&#9;&#10;&#13;",
    "\t\r\n",
    "&amp;&lt;>",
    "é漢😀",
    "a  b",
    "&apos;",
];

/// A small document full of namespaces that are declared, redeclared, taken back and left unused.
pub(crate) fn arbitrary(random: &mut Random) -> Case {
    let mut apex = Vec::new();
    let mut text = String::new();
    let mut bound = vec![""];
    element(random, &mut text, &mut bound, 0, &mut Some(&mut apex));
    // Not #default, which lxml drops; xmlsec1 is asked about it.
    let list = prefix_list(random, &["p", "q", "r", "absent"]);
    Case {
        document: text,
        apex,
        list,
    }
}

pub(crate) fn prefix_list(random: &mut Random, of: &[&str]) -> String {
    let mut listed = of.to_vec();
    listed.retain(|_| random.one_in(2));
    listed.join(" ")
}

fn element(
    random: &mut Random,
    text: &mut String,
    bound: &mut Vec<&'static str>,
    depth: usize,
    apex: &mut Option<&mut Vec<usize>>,
) {
    let outer = bound.len();
    let mut attributes = Vec::new();
    for prefix in PREFIXES {
        if !random.one_in(3) {
            continue;
        }
        let taken_back = prefix.is_empty() && random.one_in(3);
        let namespace = if taken_back {
            ""
        } else {
            random.pick(&NAMESPACES)
        };
        let name = if prefix.is_empty() {
            "xmlns".to_owned()
        } else {
            format!("xmlns:{prefix}")
        };
        attributes.push(format!("{name}='{namespace}'"));
        bound.push(prefix);
    }
    let prefix = random.pick(bound);
    let colon = if prefix.is_empty() { "" } else { ":" };
    let name = format!("{prefix}{colon}{}", random.pick(&["a", "b", "élan"]));
    // One attribute of a local name for all prefixes, since two prefixes may mean the same.
    for local in ["z", "Y", "x"] {
        if random.one_in(2) {
            let prefix = random.pick(bound);
            let colon = if prefix.is_empty() { "" } else { ":" };
            attributes.push(format!("{prefix}{colon}{local}='{}'", random.pick(&VALUES)));
        }
    }
    if random.one_in(4) {
        attributes.push("xml:lang='en'".to_owned());
    }
    for at in (1..attributes.len()).rev() {
        attributes.swap(at, random.below(at + 1));
    }
    let attributes: String = attributes
        .iter()
        .map(|attribute| format!(" {attribute}"))
        .collect();
    let children = if depth < 5 { random.below(4) } else { 0 };
    let down = random.below(4);
    text.push_str(&format!("<{name}{attributes}>"));
    for child in 0..children {
        text.push_str(random.pick(&TEXTS));
        // The apex is reached by going down a random way and stopping at random.
        let mut here = match apex.take() {
            Some(path) if child == down => {
                path.push(child);
                Some(path)
            }
            other => {
                *apex = other;
                None
            }
        };
        element(random, text, bound, depth + 1, &mut here);
    }
    text.push_str(random.pick(&TEXTS));
    text.push_str(&format!("</{name}>"));
    bound.truncate(outer);
}
