//! Fields that the API server insists on and without which a part of an object says nothing. The generated types put a
//! zero in their place.

/// What becomes of a part that lacks a required field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// It means nothing and is left out.
    Drop,
    /// The rest of it is still of use.
    Keep,
}

/// The required fields of a type, by the name that the API gives it.
pub(super) fn fields(type_name: &str) -> &'static [(&'static str, Without)] {
    match type_name {
        "ServicePort" => &[("port", Without::Drop)],
        "ContainerPort" => &[("containerPort", Without::Drop)],
        "Container" => &[("name", Without::Keep)],
        "IngressServiceBackend" => &[("name", Without::Drop), ("port", Without::Keep)],
        "TypedLocalObjectReference" => &[("kind", Without::Drop), ("name", Without::Drop)],
        "HTTPIngressPath" => &[("backend", Without::Keep)],
        "IPBlock" => &[("cidr", Without::Drop)],
        "LabelSelectorRequirement" => &[("key", Without::Drop), ("operator", Without::Drop)],
        "EndpointAddress" => &[("ip", Without::Drop)],
        _ => &[],
    }
}
