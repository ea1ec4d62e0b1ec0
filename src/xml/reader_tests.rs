// Tables are long, and documents that are generated need no haste.
#![allow(clippy::too_many_lines, clippy::format_collect)]

use super::*;
use crate::xml::{InclusivePrefixes, StructureError, exclusive_c14n};

/// Makes a document of about the size asked for.
type Make<'a> = Box<dyn Fn(usize) -> String + 'a>;

fn accepted(text: &str) -> Element {
    read(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refused(bytes: &[u8]) -> ReadError {
    match read(bytes, &Limits::default()) {
        Err(error) => error,
        Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(bytes)),
    }
}

#[test]
fn names_are_resolved_and_values_normalised() {
    let root = accepted(
        "\u{FEFF}<?xml version='1.0' encoding=\"utf-8\" standalone = 'no' ?>\r\n\
         <p:a xmlns:p='urn:p' xmlns='urn:d' p:x='1' x = \"a\r\nb\tc&#9;&quot;>\" xml:lang='en'\r\n>\
         \r\n&lt;b&gt;\r&#13;<c xmlns=''/><c\t/><p:d></p:d ></p:a>\n",
    );
    assert!(root.is("urn:p", "a"));
    assert_eq!(root.attribute("x"), Some("a b c\t\">"));
    assert_eq!(root.attribute_ns("urn:p", "x"), Some("1"));
    assert_eq!(root.attribute_ns(XML, "lang"), Some("en"));
    assert_eq!(root.attribute("lang"), None);
    assert_eq!(root.attributes().count(), 3);
    let names: Vec<_> = root
        .elements()
        .map(|e| (e.namespace(), e.local_name()))
        .collect();
    assert_eq!(names, [("", "c"), ("urn:d", "c"), ("urn:p", "d")]);
    assert_eq!(root.text(), None);
    assert!(!root.has_element_content());
    let text = accepted("<a>x&#xD;\r\ny&amp;\n</a>");
    assert_eq!(text.text(), Some("x\r\ny&\n"));
    assert_eq!(accepted("<a/>").text(), Some(""));
}

#[test]
fn a_child_that_must_be_single_is_single() {
    let root = accepted("<a xmlns='urn:a'><b/><c/><c/><b xmlns='urn:b'/></a>");
    assert!(root.only_child("urn:a", "b").unwrap().is_some());
    assert!(root.only_child("urn:a", "x").unwrap().is_none());
    assert_eq!(
        root.only_child("urn:a", "c").unwrap_err(),
        StructureError::Repeated("c")
    );
    assert_eq!(
        root.required_child("urn:c", "b").unwrap_err(),
        StructureError::Missing("b")
    );
}

#[test]
fn what_is_not_plain_xml_is_refused_with_its_cause_and_place() {
    use ReadCause as C;
    let cases: &[(&str, C, usize)] = &[
        ("", C::Incomplete, 0),
        (" ", C::Incomplete, 1),
        ("<a>", C::Incomplete, 3),
        ("<a><b></b>", C::Incomplete, 10),
        ("a<a/>", C::OutsideRoot, 0),
        ("<a/>a", C::OutsideRoot, 4),
        ("<a/>&amp;", C::OutsideRoot, 4),
        ("<a/><b/>", C::OutsideRoot, 5),
        ("<a></a><b></b>", C::OutsideRoot, 8),
        ("\u{FEFF}\u{FEFF}<a/>", C::OutsideRoot, 3),
        ("<a></b>", C::EndTag, 3),
        ("<a></a x=''>", C::EndTag, 3),
        ("<a></a></a>", C::EndTag, 7),
        ("<a><b></a></b>", C::EndTag, 6),
        ("<!DOCTYPE a><a/>", C::Doctype, 0),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", C::Doctype, 0),
        ("<!doctype a><a/>", C::Doctype, 0),
        ("<!DOCTYPE a", C::Doctype, 0),
        ("<?pi?><a/>", C::ProcessingInstruction, 0),
        ("<a><?pi x?></a>", C::ProcessingInstruction, 3),
        ("<a>x<!-- -->y</a>", C::Comment, 4),
        ("<!----><a/>", C::Comment, 0),
        ("<a/><!---->", C::Comment, 4),
        ("<a><![CDATA[x]]></a>", C::CData, 3),
        ("<a><!x></a>", C::Syntax, 3),
        ("<a>]]></a>", C::CDataEnd, 3),
        ("<a>x]]>y</a>", C::CDataEnd, 4),
        ("<a>&nbsp;</a>", C::Reference, 3),
        ("<a>&#0;</a>", C::Reference, 3),
        ("<a>& </a>", C::Reference, 3),
        ("<a>&amp</a>", C::Reference, 3),
        ("<a b='&x;'/>", C::Reference, 6),
        ("<a b='1&#xFFFF;'/>", C::Reference, 7),
        ("<a b='&'/>", C::Reference, 6),
        ("<a>\u{1}</a>", C::Character, 3),
        ("<a b='\u{B}'/>", C::Character, 6),
        ("<a>\u{FFFE}</a>", C::Character, 3),
        ("<a\u{0}/>", C::Character, 2),
        ("<1/>", C::Name, 1),
        ("< a/>", C::Name, 1),
        ("<>x</>", C::Name, 1),
        ("<a:/>", C::Name, 1),
        ("<:a/>", C::Name, 1),
        ("<a:b:c/>", C::Name, 1),
        ("<a/b='c'/>", C::Name, 1),
        ("<a 1='2'/>", C::Name, 3),
        ("<a b c='2'/>", C::Name, 3),
        ("<a b:='2'/>", C::Name, 3),
        ("<a ='2'/>", C::Name, 3),
        ("<a xmlns:='urn:x'/>", C::Name, 3),
        ("<a b/>", C::Tag, 3),
        ("<a b=c/>", C::Tag, 3),
        ("<a b='1'c='2'/>", C::Tag, 8),
        ("<a b='<'/>", C::Tag, 6),
        ("<a / >", C::Tag, 3),
        ("<a b='", C::Syntax, 0),
        ("<a", C::Syntax, 0),
        ("<", C::Syntax, 0),
        ("<a b='1' b='2'/>", C::DuplicateAttribute, 9),
        (
            "<a xmlns='urn:x' xmlns='urn:x'/>",
            C::DuplicateAttribute,
            17,
        ),
        (
            "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''/>",
            C::DuplicateAttribute,
            42,
        ),
        ("<p:a/>", C::UndeclaredPrefix, 1),
        ("<a p:b=''/>", C::UndeclaredPrefix, 3),
        ("<a><b xmlns:p='urn:x'/><p:c/></a>", C::UndeclaredPrefix, 24),
        ("<xmlns:a/>", C::UndeclaredPrefix, 1),
        ("<a xmlns:xml='urn:x'/>", C::ReservedNamespace, 3),
        (
            "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
            C::ReservedNamespace,
            3,
        ),
        ("<a xmlns:xmlns='urn:x'/>", C::ReservedNamespace, 3),
        (
            "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
            C::ReservedNamespace,
            3,
        ),
        (
            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
            C::ReservedNamespace,
            3,
        ),
        ("<a xmlns:p=''/>", C::NamespaceUri, 3),
        ("<a xmlns='x'/>", C::NamespaceUri, 3),
        ("<a xmlns='urn:'/>", C::NamespaceUri, 3),
        ("<a xmlns='../x:y'/>", C::NamespaceUri, 3),
        ("<a xmlns='urn:x y'/>", C::NamespaceUri, 3),
        ("<a xmlns='urn:é'/>", C::NamespaceUri, 3),
        ("<a xmlns='urn:&lt;'/>", C::NamespaceUri, 3),
        ("<a xmlns='urn:&amp;'/>", C::NamespaceUri, 3),
        ("<a ID='1'><b ID='1'/></a>", C::DuplicateId, 13),
        ("<a ID='1'><b Id='1'/></a>", C::DuplicateId, 13),
        ("<a AssertionID='1'><b id='1'/></a>", C::DuplicateId, 22),
        ("<a ID='1' xml:id='1'/>", C::DuplicateId, 10),
        (
            "<a ID='1' u:Id='1' xmlns:u='http://docs.oasis-open.org/wss/2004/01/\
             oasis-200401-wss-wssecurity-utility-1.0.xsd'/>",
            C::DuplicateId,
            10,
        ),
        (" <?xml version='1.0'?><a/>", C::Declaration, 1),
        ("<a/><?xml version='1.0'?>", C::Declaration, 4),
        ("<?xml?><a/>", C::Declaration, 0),
        ("<?xml version='1.1'?><a/>", C::Declaration, 0),
        ("<?xml encoding='utf-8'?><a/>", C::Declaration, 0),
        (
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            C::Declaration,
            0,
        ),
        (
            "<?xml version='1.0' encoding='iso-8859-1'?><a/>",
            C::Declaration,
            0,
        ),
        (
            "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
            C::Declaration,
            0,
        ),
        ("<?xml version='1.0' version='1.0'?><a/>", C::Declaration, 0),
        ("<?xml version='1.0'", C::Declaration, 0),
        ("<?XML version='1.0'?><a/>", C::ProcessingInstruction, 0),
    ];
    for &(text, cause, offset) in cases {
        let error = refused(text.as_bytes());
        assert_eq!((error.cause(), error.offset()), (cause, offset), "{text:?}");
    }
    let error = refused(b"<a>\xFF</a>");
    assert_eq!((error.cause(), error.offset()), (ReadCause::NotUtf8, 3));
    let utf16: Vec<u8> = "\u{FEFF}<a/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(refused(&utf16).cause(), ReadCause::NotUtf8);
}

#[test]
fn an_identifier_in_another_namespace_is_no_identifier() {
    accepted("<a ID='1'><b xmlns:p='urn:p' p:ID='1' InResponseTo='1'/></a>");
}

#[test]
fn what_the_limits_permit_is_accepted_and_one_more_is_refused() {
    let limits = Limits {
        bytes: 4000,
        depth: 5,
        attributes: 7,
        elements: 9,
    };
    let nested = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
    let wide = |n: usize| format!("<a>{}</a>", "<b/>".repeat(n - 1));
    let attributes = |n: usize| {
        let list: String = (1..n).map(|i| format!(" a{i}=''")).collect();
        format!("<a xmlns='urn:x'{list}/>")
    };
    let long = |n: usize| format!("<a>{}</a>", "x".repeat(n - 7));
    let cases: [(Make<'_>, usize, ReadCause); 4] = [
        (Box::new(nested), limits.depth, ReadCause::TooDeep),
        (Box::new(wide), limits.elements, ReadCause::TooManyElements),
        (
            Box::new(attributes),
            limits.attributes,
            ReadCause::TooManyAttributes,
        ),
        (Box::new(long), limits.bytes, ReadCause::TooLong),
    ];
    for (make, limit, cause) in cases {
        assert!(read(make(limit).as_bytes(), &limits).is_ok(), "{cause}");
        let error = read(make(limit + 1).as_bytes(), &limits).unwrap_err();
        assert_eq!(error.cause(), cause);
    }
    let lifted = Limits {
        depth: usize::MAX,
        elements: usize::MAX,
        ..Limits::default()
    };
    let nested = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
    assert!(read(nested(Limits::MAX_DEPTH).as_bytes(), &lifted).is_ok());
    let error = read(nested(Limits::MAX_DEPTH + 1).as_bytes(), &lifted).unwrap_err();
    assert_eq!(error.cause(), ReadCause::TooDeep);
}

/// Each kind of document, made four times as long, takes about four times as long to read and to
/// bring into canonical form; a quadratic step would make it sixteen times.
#[test]
fn time_grows_with_length_and_not_with_its_square() {
    let limits = Limits {
        elements: usize::MAX,
        ..Limits::default()
    };
    let fill = |length: usize, head: &str, piece: &dyn Fn(usize) -> String, tail: &str| {
        let mut text = head.to_owned();
        for index in 0.. {
            if text.len() > length {
                break;
            }
            text.push_str(&piece(index));
        }
        text + tail
    };
    let declarations: String = (0..60).map(|i| format!(" xmlns:p{i}='urn:{i}'")).collect();
    let deep = |tail: bool| {
        let tags = (0..30).map(|i| {
            let here = declarations.replace("'urn:", &format!("'urn:{i}-"));
            if tail {
                format!("</d{}>", 29 - i)
            } else {
                format!("<d{i}{here}>")
            }
        });
        tags.collect::<String>()
    };
    let attributes = |prefix: &str| -> String {
        (0..60)
            .map(|i| format!(" {}x{i}=''", prefix.replace('?', &i.to_string())))
            .collect()
    };
    let (plain, prefixed) = (attributes(""), attributes("p?:"));
    let deep_head = deep(false);
    let deep_tail = deep(true);
    let kinds: [(&str, Make<'_>); 8] = [
        (
            "empty elements",
            Box::new(|n| fill(n, "<a>", &|_| "<b/>".into(), "</a>")),
        ),
        (
            "attributes",
            Box::new(|n| fill(n, "<a>", &|_| format!("<b{plain}/>"), "</a>")),
        ),
        (
            "prefixed attributes",
            Box::new(|n| {
                let head = format!("<a{declarations}>");
                fill(n, &head, &|_| format!("<b{prefixed}/>"), "</a>")
            }),
        ),
        (
            "declarations",
            Box::new(|n| fill(n, "<a>", &|_| format!("<b{declarations}/>"), "</a>")),
        ),
        (
            "prefixes from the bottom of a deep stack",
            Box::new(|n| fill(n, &deep_head, &|i| format!("<p{}:b/>", i % 60), &deep_tail)),
        ),
        (
            "identifiers",
            Box::new(|n| fill(n, "<a>", &|i| format!("<b ID='{i}'/>"), "</a>")),
        ),
        (
            "references",
            Box::new(|n| fill(n, "<a>", &|_| "&#13;\r&amp;".into(), "</a>")),
        ),
        (
            "one value",
            Box::new(|n| fill(n, "<a b='", &|_| "&#13;\r&amp;".into(), "'/>")),
        ),
    ];
    for (kind, make) in kinds {
        let time = |length: usize| {
            let text = make(length);
            let runs = (0..5).map(|_| {
                let start = std::time::Instant::now();
                let root = read(text.as_bytes(), &limits).unwrap_or_else(|e| panic!("{kind}: {e}"));
                let list = InclusivePrefixes::parse("p1 p2 #default").unwrap();
                // A form that is refused for its length has been cut off in time as well.
                let _ = exclusive_c14n(&root, &list);
                start.elapsed()
            });
            runs.min().unwrap()
        };
        let (short, long) = (time(60_000), time(240_000));
        assert!(long < short * 10, "{kind}: {short:?}, {long:?}");
    }
}

#[test]
fn comments_between_elements_are_dropped_where_people_write_them() {
    let read = |text: &str| read_commented(text.as_bytes(), &Limits::default());
    let form = |text: &str| exclusive_c14n(&read(text).unwrap(), &InclusivePrefixes::default());
    let commented = "<?xml version='1.0'?><!-- one --><a xmlns='urn:a'><!---->\n \
                     <b>x</b><!-- <c/> &amp; - --> <d/></a><!--end-->";
    let bare = "<a xmlns='urn:a'>\n <b>x</b> <d/></a>";
    assert_eq!(form(commented), form(bare));
    assert_eq!(read("<a> <!-- x --> </a>").unwrap().text(), Some("  "));
    for (text, at) in [
        ("<a>x<!-- --></a>", 4),
        ("<a><!-- -->x</a>", 3),
        ("<a>admin@example.com<!---->.evil.test</a>", 20),
        ("<a><b><!-- --></b>&#x20;<!-- -->&lt;</a>", 24),
        ("<a><!-- -- --></a>", 3),
        ("<a><!-- ---></a>", 3),
        ("<a/><!-- -- -->", 4),
    ] {
        let error = read(text).map(|_| ()).unwrap_err();
        assert_eq!(
            (error.cause(), error.offset()),
            (ReadCause::Comment, at),
            "{text}"
        );
    }
    for broken in [
        "<a><!-- </a>",
        "<a><!--></a>",
        "<a><!---></a>",
        "<a b='<!-- -->'/>",
        "<a <!-- --> />",
    ] {
        assert!(read(broken).is_err(), "{broken}");
    }
}
