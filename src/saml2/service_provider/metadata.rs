use crate::{
    keys::KeyRing,
    saml2::{
        MetadataError,
        names::{BINDING_POST, PROTOCOL, md, plain},
        new_id, write_certificates,
    },
    xml::CanonicalWriter,
};

/// Who we are to identity providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceProvider {
    /// Our entity ID.
    pub entity_id: String,
    /// The address for answers, by HTTP-POST.
    pub consumer: String,
}

/// The service provider's metadata (SAML metadata 2.4.4), signed, with the certificate that signs
/// requests now and the one that will sign next. No key for encryption: nothing is decrypted here.
///
/// # Errors
/// When a value cannot stand in XML, or signing fails.
pub fn service_provider_metadata(
    provider: &ServiceProvider,
    keys: &KeyRing,
) -> Result<String, MetadataError> {
    let mut writer = CanonicalWriter::new();
    let attributes = [
        (plain("entityID"), &*provider.entity_id),
        (plain("cacheDuration"), "P1D"),
    ];
    writer.open_signed(md("EntityDescriptor"), "ID", &new_id()?, &attributes);
    writer.signature_here();
    writer.open(
        md("SPSSODescriptor"),
        &[
            (plain("AuthnRequestsSigned"), "true"),
            (plain("WantAssertionsSigned"), "true"),
            (plain("protocolSupportEnumeration"), PROTOCOL),
        ],
    );
    write_certificates(&mut writer, keys);
    let consumer = [
        (plain("Binding"), BINDING_POST),
        (plain("Location"), &provider.consumer),
        (plain("index"), "0"),
        (plain("isDefault"), "true"),
    ];
    writer.leaf(md("AssertionConsumerService"), &consumer, "");
    writer.close();
    writer.close_signed(keys.current());
    Ok(writer.finish()?)
}
