//! Event types that the identity sources of this project send.

/// Types of normalized lifecycle events, without `custom.*`.
pub const KNOWN_TYPES: &[&str] = &[
    "identity.user.created",
    "identity.user.updated",
    "identity.user.activated",
    "identity.user.suspended",
    "identity.user.deactivated",
    "identity.user.deleted",
    "identity.user.undeleted",
    "identity.user.locked",
    "identity.user.unlocked",
    "identity.user.credential_changed",
    "identity.user.credential_compromised",
    "identity.user.mfa_changed",
    "identity.user.risk_changed",
    "identity.user.admin_changed",
    "identity.user.app_assigned",
    "identity.user.app_unassigned",
    "identity.session.revoked",
    "identity.session.established",
    "identity.device.compliance_changed",
    "identity.group.created",
    "identity.group.updated",
    "identity.group.deleted",
    "identity.group.member_added",
    "identity.group.member_removed",
    "identity.source.gap",
    "identity.source.status",
    "identity.schedule.fired",
    "identity.manual.started",
];

/// Whether an event type is one this project knows by name.
#[must_use]
pub fn is_known_type(event_type: &str) -> bool {
    KNOWN_TYPES.contains(&event_type)
}
