//! Signed documents, altered: some ways change nothing that is signed, most do.

use crate::random::Random;

type Mutation = fn(&str, &mut Random) -> Option<String>;

const MUTATIONS: [(&str, Mutation); 16] = [
    ("another octet", another_octet),
    ("a character less", |text, random| {
        let (start, end) = character(text, random)?;
        Some(format!("{}{}", &text[..start], &text[end..]))
    }),
    ("a space in a tag", |text, random| {
        let spaces: Vec<_> = text
            .match_indices(" xmlns")
            .chain(text.match_indices(" ID"))
            .collect();
        let at = random.pick(&spaces).0;
        Some(format!(
            "{}{}{}",
            &text[..at],
            random.pick(&[" ", "\n", "\t\r\n"]),
            &text[at..]
        ))
    }),
    ("space before the end of a tag", |text, random| {
        let at = place(text, ">", random);
        Some(format!("{} {}", &text[..at], &text[at..]))
    }),
    ("empty elements in short", |text, random| {
        let ends: Vec<_> = text.match_indices("></").collect();
        let at = random.pick(&ends).0;
        let end = at + text[at + 1..].find('>')? + 2;
        Some(format!("{}/>{}", &text[..at], &text[end..]))
    }),
    ("other quotes", |text, random| {
        let quotes: Vec<_> = text.match_indices("=\"").collect();
        let start = random.pick(&quotes).0 + 1;
        let end = start + 1 + text[start + 1..].find('"')?;
        let value = &text[start + 1..end];
        (!value.contains('\'')).then(|| format!("{}'{value}'{}", &text[..start], &text[end + 1..]))
    }),
    ("a character by its number", |text, random| {
        let (start, end) = character(text, random)?;
        let code = u32::from(text[start..].chars().next()?);
        Some(format!("{}&#{code};{}", &text[..start], &text[end..]))
    }),
    ("text between elements", |text, random| {
        let at = place(text, "<", random);
        let inserted = random.pick(&[" ", "\n", "x", "&#13;", "&#xD;", "\r", "&amp;", "&lt;"]);
        Some(format!("{}{inserted}{}", &text[..at], &text[at..]))
    }),
    ("markup between elements", |text, random| {
        let at = place(text, "<", random);
        let inserted = random.pick(&[
            "<!---->",
            "<?x?>",
            "<![CDATA[]]>",
            "<x/>",
            "<ds:Object/>",
            "<!DOCTYPE x>",
        ]);
        Some(format!("{}{inserted}{}", &text[..at], &text[at..]))
    }),
    ("another declaration", |text, random| {
        let at = place(text, ">", random);
        if text[..at].ends_with('/') {
            return None;
        }
        let inserted = random.pick(&[
            " xmlns:n=\"urn:n\"",
            " xmlns=\"\"",
            " xmlns:xs=\"urn:xs\"",
            " xmlns=\"urn:default\"",
            " xmlns:ds=\"urn:ds\"",
        ]);
        Some(format!("{}{inserted}{}", &text[..at], &text[at..]))
    }),
    ("another attribute", |text, random| {
        let at = place(text, ">", random);
        let inserted = random.pick(&[" a=\"\"", " ID=\"x\"", " xml:lang=\"de\"", " Id=\"_a1\""]);
        Some(format!("{}{inserted}{}", &text[..at], &text[at..]))
    }),
    ("a part twice", |text, random| {
        let (start, end) = part(text, random)?;
        Some(format!(
            "{}{}{}",
            &text[..end],
            &text[start..end],
            &text[end..]
        ))
    }),
    ("a part gone", |text, random| {
        let (start, end) = part(text, random)?;
        Some(format!("{}{}", &text[..start], &text[end..]))
    }),
    ("a part elsewhere", |text, random| {
        let (start, end) = part(text, random)?;
        let rest = format!("{}{}", &text[..start], &text[end..]);
        let at = place(&rest, "<", random);
        Some(format!(
            "{}{}{}",
            &rest[..at],
            &text[start..end],
            &rest[at..]
        ))
    }),
    ("another algorithm", |text, random| {
        let (from, to) = random.pick(&[
            ("#rsa-sha256", "#rsa-sha512"),
            ("#rsa-sha256", "#hmac-sha256"),
            ("xmlenc#sha256", "xmlenc#sha512"),
            ("xml-exc-c14n#", "xml-exc-c14n#WithComments"),
            (
                "http://www.w3.org/2001/10/xml-exc-c14n#",
                "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            ),
            ("xmldsig#enveloped-signature", "xmldsig#base64"),
            ("URI=\"#", "URI=\""),
            ("URI=\"#", "URI=\"#x"),
        ]);
        Some(text.replacen(from, to, 1 + random.below(2)))
    }),
    ("spaces in base64", |text, random| {
        let tail = random.pick(&["Value>", "509Certificate>"]);
        let at = text.find(tail)? + tail.len() + random.below(20);
        let inserted = random.pick(&[" ", "\n", "\t", "=", "!", "A", "\u{A0}"]);
        Some(format!("{}{inserted}{}", text.get(..at)?, text.get(at..)?))
    }),
];

/// One mutation that applies and changes the text, with its name.
pub(crate) fn mutate(text: &str, random: &mut Random) -> (&'static str, String) {
    loop {
        let (name, mutation) = random.pick(&MUTATIONS);
        if let Some(mutant) = mutation(text, random).filter(|mutant| mutant != text) {
            return (name, mutant);
        }
    }
}

fn another_octet(text: &str, random: &mut Random) -> Option<String> {
    let mut octets = text.as_bytes().to_vec();
    let at = random.below(octets.len());
    octets[at] ^= 1 << random.below(7);
    String::from_utf8(octets).ok()
}

/// Where a random character starts and ends.
fn character(text: &str, random: &mut Random) -> Option<(usize, usize)> {
    let (start, c) = text
        .char_indices()
        .nth(random.below(text.chars().count()))?;
    Some((start, start + c.len_utf8()))
}

/// A random occurrence of `what`.
fn place(text: &str, what: &str, random: &mut Random) -> usize {
    let places: Vec<_> = text.match_indices(what).collect();
    random.pick(&places).0
}

/// A random element that has neither children of its name nor the short form, by its tags.
fn part(text: &str, random: &mut Random) -> Option<(usize, usize)> {
    let start = place(text, "<", random);
    let name = text[start + 1..]
        .split([' ', '>', '/'])
        .next()
        .filter(|name| !name.is_empty())?;
    let tail = format!("</{name}>");
    let end = start + text[start..].find(&tail)? + tail.len();
    Some((start, end))
}
