//! What must hold for every document, tried on many.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    CanonicalWriter, Element, Limits, Name, SignatureError, SignaturePolicy, read,
    samples::{SIGNER, canonical, key, parsed, response},
    verify_enveloped,
};

const A: &str = "urn:a";
const B: &str = "http://b.example/?x=1;y='2'";

const ELEMENTS: [Name; 7] = [
    Name::new("a", A, "one"),
    Name::new("a", B, "two"),
    Name::new("b", A, "drei"),
    Name::new("", A, "plain"),
    Name::new("", B, "plain"),
    Name::plain("naught"),
    Name::new("p", "urn:p", "élan"),
];

const ATTRIBUTES: [Name; 6] = [
    Name::plain("z"),
    Name::plain("Value"),
    Name::new("p", "urn:p", "a"),
    Name::new("q", A, "z"),
    Name::new("r", B, "b"),
    Name::new("xml", "http://www.w3.org/XML/1998/namespace", "lang"),
];

#[derive(Clone, Debug)]
struct Tree {
    name: Name,
    attributes: Vec<(Name, String)>,
    text: String,
    children: Vec<Tree>,
}

fn value() -> impl Strategy<Value = String> {
    let pieces = [
        "&", "<", ">", "\"", "'", "\t", "\r", "\n", "\r\n", "é", "漢", "😀", "]]>", "]]", "&amp;",
        "&#13;", "<!--", "\u{FFFD}", "\u{85}", "\u{2028}", " ", "a", "--", "\u{FEFF}",
    ];
    vec(select(pieces.to_vec()), 0..8).prop_map(|pieces| pieces.concat())
}

fn tree() -> impl Strategy<Value = Tree> {
    let attribute = (select(ATTRIBUTES.to_vec()), value());
    let node = (select(ELEMENTS.to_vec()), vec(attribute, 0..5), value()).prop_map(
        |(name, mut attributes, text)| {
            attributes.sort_by_key(|(name, _)| (name.namespace, name.local));
            attributes.dedup_by_key(|(name, _)| *name);
            attributes.reverse();
            Tree {
                name,
                attributes,
                text,
                children: Vec::new(),
            }
        },
    );
    node.prop_recursive(5, 40, 5, |inner| {
        (inner.clone(), vec(inner, 0..5)).prop_map(|(parent, children)| Tree { children, ..parent })
    })
}

fn emit(writer: &mut CanonicalWriter, tree: &Tree) {
    writer.open(tree.name, &borrowed(tree));
    content(writer, tree);
    writer.close();
}

fn content(writer: &mut CanonicalWriter, tree: &Tree) {
    writer.text(&tree.text);
    for child in &tree.children {
        emit(writer, child);
    }
}

fn borrowed(tree: &Tree) -> Vec<(Name, &str)> {
    tree.attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn same(element: &Element, tree: &Tree) -> bool {
    element.is(tree.name.namespace, tree.name.local)
        && element.attributes().count() == tree.attributes.len()
        && tree
            .attributes
            .iter()
            .all(|(name, value)| element.attribute_ns(name.namespace, name.local) == Some(value))
        && (!tree.children.is_empty() || element.text() == Some(&tree.text))
        && element.elements().count() == tree.children.len()
        && element
            .elements()
            .zip(&tree.children)
            .all(|(element, tree)| same(element, tree))
}

fn signed(tree: &Tree) -> String {
    let mut writer = CanonicalWriter::new();
    writer.open_signed(tree.name, "ID", "_x", &borrowed(tree));
    writer.text(&tree.text);
    writer.signature_here();
    content(&mut writer, tree);
    writer.close_signed(&SIGNER);
    writer.finish().unwrap()
}

proptest! {
    #[test]
    fn what_is_written_is_canonical_and_reads_as_it_was_meant(tree in tree()) {
        let mut writer = CanonicalWriter::new();
        emit(&mut writer, &tree);
        let text = writer.finish().unwrap();
        let root = parsed(&text);
        prop_assert!(same(&root, &tree), "{text}");
        prop_assert_eq!(canonical(&root), text);
    }

    #[test]
    fn what_is_signed_verifies_as_what_it_was(tree in tree()) {
        let text = signed(&tree);
        let root = parsed(&text);
        let verified = verify_enveloped(&root, &[key()], &SignaturePolicy::SHA2).unwrap();
        let plain = {
            let mut writer = CanonicalWriter::new();
            let mut attributes = borrowed(&tree);
            attributes.push((Name::plain("ID"), "_x"));
            writer.open(tree.name, &attributes);
            writer.text(&tree.text);
            content(&mut writer, &tree);
            writer.close();
            writer.finish().unwrap()
        };
        prop_assert_eq!(canonical(&verified), plain.clone());
        // Pruned, it is what reading the canonical form would give.
        let read_again = parsed(&plain);
        prop_assert_eq!(verified.text(), read_again.text());
        // And the document with its signature in it is canonical as well.
        prop_assert_eq!(canonical(&root), text);
    }

    #[test]
    fn octets_of_any_kind_are_read_or_refused(octets in vec(any::<u8>(), 0..200)) {
        let _ = read(&octets, &Limits::default());
    }

    #[test]
    fn markup_of_any_kind_is_read_or_refused(pieces in vec(select(vec![
        "<", ">", "/", "a", "b:", "xmlns", ":", "=", "\"", "'", " ", "&", ";", "#x", "41", "amp",
        "<a>", "</a>", "<a/>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "xml", "\r", "é",
        "<!DOCTYPE", "[", "]", "urn:x", " xmlns:b='urn:b'", " ID='1'", "\u{FEFF}", "\u{FFFE}",
    ]), 0..30)) {
        let text = pieces.concat();
        if let Ok(root) = read(text.as_bytes(), &Limits::default()) {
            let form = canonical(&root);
            prop_assert_eq!(canonical(&parsed(&form)), form);
        }
    }
}

/// Not a sample: each octet, changed in three ways.
#[test]
fn an_altered_octet_is_refused_or_changes_nothing() {
    let text = response(true, false);
    let original = {
        let verified = verify_enveloped(&parsed(&text), &[key()], &SignaturePolicy::SHA2);
        canonical(&verified.unwrap())
    };
    let (mut refused, mut unchanged, mut altered) = (0, 0, 0);
    for at in 0..text.len() {
        for flip in [0x01, 0x02, 0x20] {
            let mut octets = text.clone().into_bytes();
            octets[at] ^= flip;
            let Ok(root) = read(&octets, &Limits::default()) else {
                refused += 1;
                continue;
            };
            match verify_enveloped(&root, &[key()], &SignaturePolicy::SHA2) {
                Ok(verified) => {
                    assert_eq!(canonical(&verified), original, "octet {at} ^ {flip}");
                    unchanged += 1;
                }
                Err(error) => {
                    altered += usize::from(error == SignatureError::Altered);
                    refused += 1;
                }
            }
        }
    }
    // Changes in KeyInfo, which is not read, change nothing; and each way of refusing occurs.
    assert!(
        refused > 1000 && unchanged > 100 && altered > 100,
        "{refused} {unchanged} {altered}"
    );
}
