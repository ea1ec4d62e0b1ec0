use super::*;
use crate::keys::create_signing_key;

const A: &str = "urn:a";
const B: &str = "urn:b";

/// What the error must be, and what provokes it.
type Case = (
    fn(&WriteError) -> bool,
    fn(&mut CanonicalWriter, Name, Name),
);

fn written(write: impl FnOnce(&mut CanonicalWriter)) -> Result<String, WriteError> {
    let mut writer = CanonicalWriter::new();
    write(&mut writer);
    writer.finish()
}

#[test]
fn namespaces_stand_where_they_are_first_used_and_attributes_are_sorted() {
    let text = written(|w| {
        w.open(
            Name::new("b", B, "root"),
            &[
                (Name::new("x", A, "z"), "1"),
                (Name::plain("Z"), "2"),
                (Name::plain("A"), "\"<&>\t\n\r'"),
                (Name::new("b", B, "a"), "3"),
                (Name::new("xml", XML, "lang"), "en"),
            ],
        );
        w.leaf(Name::new("x", A, "in"), &[], "a<b>&\r\"");
        w.open(Name::new("", A, "in"), &[]);
        w.leaf(Name::plain("none"), &[], "");
        w.leaf(Name::new("", A, "same"), &[], "");
        w.close();
        w.close();
    });
    assert_eq!(
        text.unwrap(),
        "<b:root xmlns:b=\"urn:b\" xmlns:x=\"urn:a\" \
         A=\"&quot;&lt;&amp;>&#x9;&#xA;&#xD;'\" Z=\"2\" xml:lang=\"en\" x:z=\"1\" b:a=\"3\">\
         <x:in>a&lt;b&gt;&amp;&#xD;\"</x:in>\
         <in xmlns=\"urn:a\"><none xmlns=\"\"></none><same></same></in></b:root>"
    );
}

#[test]
fn a_declaration_ends_with_its_element() {
    let text = written(|w| {
        w.open(Name::new("a", A, "root"), &[]);
        w.leaf(Name::new("b", B, "one"), &[], "");
        w.leaf(Name::new("b", B, "two"), &[], "");
        w.leaf(Name::new("a", B, "other"), &[], "");
        w.close();
    });
    assert_eq!(
        text.unwrap(),
        "<a:root xmlns:a=\"urn:a\"><b:one xmlns:b=\"urn:b\"></b:one>\
         <b:two xmlns:b=\"urn:b\"></b:two><a:other xmlns:a=\"urn:b\"></a:other></a:root>"
    );
}

#[test]
fn what_cannot_be_written_is_refused_and_the_first_error_stays() {
    let root = Name::new("a", A, "root");
    let id = Name::plain("ID");
    let cases: [Case; 11] = [
        (|e| matches!(e, WriteError::Unbalanced), |_, _, _| {}),
        (
            |e| matches!(e, WriteError::Unbalanced),
            |w, root, _| w.open(root, &[]),
        ),
        (|e| matches!(e, WriteError::Unbalanced), |w, _, _| w.close()),
        (
            |e| matches!(e, WriteError::Unbalanced),
            |w, _, _| w.text("x"),
        ),
        (
            |e| matches!(e, WriteError::Unbalanced),
            |w, root, _| {
                w.leaf(root, &[], "");
                w.leaf(root, &[], "\0");
            },
        ),
        (
            |e| matches!(e, WriteError::ForbiddenCharacter),
            |w, root, _| {
                w.leaf(root, &[], "\0");
                w.leaf(root, &[], "");
            },
        ),
        (
            |e| matches!(e, WriteError::ForbiddenCharacter),
            |w, root, id| w.leaf(root, &[(id, "\u{FFFE}")], ""),
        ),
        (
            |e| matches!(e, WriteError::Name),
            |w, root, id| w.leaf(root, &[(id, "1"), (id, "2")], ""),
        ),
        (
            |e| matches!(e, WriteError::Name),
            |w, root, _| w.leaf(root, &[(Name::new("a", B, "x"), "")], ""),
        ),
        (
            |e| matches!(e, WriteError::Name),
            |w, root, _| w.leaf(root, &[(Name::new("", B, "x"), "")], ""),
        ),
        (
            |e| matches!(e, WriteError::Name),
            |w, _, _| w.leaf(Name::new("a", "", "x"), &[], ""),
        ),
    ];
    for (index, (expected, write)) in cases.into_iter().enumerate() {
        let error = written(|w| write(w, root, id)).unwrap_err();
        assert!(expected(&error), "case {index}: {error}");
    }
}

#[test]
fn a_signature_needs_its_one_place_and_a_name_for_its_element() {
    let signer = create_signing_key("writer test", 1).unwrap().signer;
    let root = Name::new("a", A, "root");
    let child = Name::new("a", A, "child");
    let place = |error| matches!(error, Err(WriteError::SignaturePlace));
    assert!(place(written(|w| {
        w.open_signed(root, "ID", "_1", &[]);
        w.close_signed(&signer);
    })));
    assert!(place(written(|w| {
        w.open_signed(root, "ID", "_1", &[]);
        w.signature_here();
        w.signature_here();
        w.close_signed(&signer);
    })));
    assert!(place(written(|w| {
        w.open_signed(root, "ID", "_1", &[]);
        w.open(child, &[]);
        w.signature_here();
    })));
    assert!(place(written(|w| {
        w.open_signed(root, "ID", "_1", &[]);
        w.signature_here();
        w.close();
    })));
    assert!(place(written(|w| {
        w.open(root, &[]);
        w.close_signed(&signer);
    })));
    assert!(place(written(|w| {
        w.open_signed(Name::new("ds", A, "root"), "ID", "_1", &[]);
        w.signature_here();
    })));
    for bad in ["", "1", "a b", "a\"b", "a:b"] {
        let error = written(|w| w.open_signed(root, "ID", bad, &[]));
        assert!(matches!(error, Err(WriteError::BadId)), "{bad:?}");
    }
    let twice = written(|w| w.open_signed(root, "ID", "_1", &[(Name::plain("ID"), "_2")]));
    assert!(matches!(twice, Err(WriteError::Name)));
}

#[test]
fn a_signed_element_declares_again_what_stands_around_it() {
    let signer = create_signing_key("writer test", 1).unwrap().signer;
    let around = Name::new("a", A, "around");
    let inner = Name::new("a", A, "inner");
    let text = written(|w| {
        w.open(around, &[]);
        w.open_signed(inner, "ID", "_1", &[]);
        w.signature_here();
        w.close_signed(&signer);
        w.leaf(inner, &[], "");
        w.close();
    });
    let text = text.unwrap();
    assert!(text.starts_with(
        "<a:around xmlns:a=\"urn:a\"><a:inner xmlns:a=\"urn:a\" ID=\"_1\"><ds:Signature "
    ));
    assert!(text.ends_with("</ds:Signature></a:inner><a:inner></a:inner></a:around>"));

    let contested = written(|w| {
        w.open_signed(around, "ID", "_0", &[]);
        w.signature_here();
        w.open_signed(inner, "ID", "_1", &[]);
    });
    assert!(matches!(
        contested,
        Err(WriteError::NamespaceAcrossSignatures)
    ));
    let taken_back = written(|w| {
        w.open(Name::new("", A, "around"), &[]);
        w.open_signed(Name::plain("inner"), "ID", "_1", &[]);
    });
    assert!(matches!(
        taken_back,
        Err(WriteError::NamespaceAcrossSignatures)
    ));
}

/// No canonical form declares by itself what only a value uses, and then the value means nothing.
#[test]
fn names_in_values_are_declared_and_the_declaration_is_signed() {
    let signer = create_signing_key("writer test", 1).unwrap().signer;
    let key = signer.certificate().public_key();
    let root = Name::new("a", A, "root");
    let value = Name::new("b", B, "Kind");
    let text = written(|w| {
        w.open_signed_with_names_in_values(root, "ID", "_1", &[], &[value]);
        w.signature_here();
        w.leaf(root, &[(Name::plain("type"), "b:Kind")], "");
        w.leaf(value, &[], "");
        w.close_signed(&signer);
    })
    .unwrap();
    assert!(
        text.starts_with("<a:root xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" ID=\"_1\"><ds:Signature ")
    );
    assert!(text.contains(" PrefixList=\"b\"></ec:InclusiveNamespaces></ds:Transform>"));
    assert!(text.ends_with("<a:root type=\"b:Kind\"></a:root><b:Kind></b:Kind></a:root>"));
    let verify = |text: &str| {
        let root = crate::xml::read(text.as_bytes(), &crate::xml::Limits::default()).unwrap();
        crate::xml::verify_enveloped(&root, &[key], &crate::xml::SignaturePolicy::SHA2).is_ok()
    };
    assert!(verify(&text));
    assert!(!verify(&text.replacen(B, "urn:c", 1)));

    let inside_another = written(|w| {
        w.open_signed(root, "ID", "_0", &[]);
        w.signature_here();
        w.open_signed_with_names_in_values(value, "ID", "_1", &[], &[value]);
    });
    assert!(matches!(
        inside_another,
        Err(WriteError::NamespaceAcrossSignatures)
    ));
    let unprefixed = written(|w| {
        w.open_signed_with_names_in_values(root, "ID", "_1", &[], &[Name::plain("Kind")]);
    });
    assert!(matches!(unprefixed, Err(WriteError::Name)));
}

#[test]
fn a_name_as_text_is_declared_where_it_stands() {
    let root = Name::new("a", A, "root");
    let value = Name::new("b", B, "Kind");
    let text = written(|w| {
        w.open(root, &[]);
        w.leaf_naming(root, value);
        w.leaf_naming(root, root);
        w.close();
    });
    assert_eq!(
        text.unwrap(),
        "<a:root xmlns:a=\"urn:a\"><a:root xmlns:b=\"urn:b\">b:Kind</a:root>\
         <a:root>a:root</a:root></a:root>"
    );
    let signed = written(|w| {
        w.open_signed(root, "ID", "_1", &[]);
        w.leaf_naming(root, value);
    });
    assert!(matches!(signed, Err(WriteError::NamespaceAcrossSignatures)));
}
