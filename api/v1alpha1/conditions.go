package v1alpha1

// ConditionType is the type of a status condition.
type ConditionType string

// ConditionReason is the machine-readable cause of a condition's status.
type ConditionReason string

const (
	// ConditionAccepted tells whether the object is valid, and whether what it refers to exists and permits it. It is set
	// on all four kinds. While it is False, the last accepted version of the object stays in effect.
	//
	// Reasons for True: Accepted.
	// Reasons for Unknown: Pending.
	// Reasons for False, on all kinds: Invalid, NotImplemented.
	// On SCIMServer also: SecretNotFound, InvalidSecret, Conflict.
	// On SCIMTenant also: ServerNotFound, ApplicationNotFound, MappingNotFound, SecretNotFound, InvalidSecret,
	// NotAllowedByServer, NotAllowedByApplication, PathConflict, Conflict.
	// On SCIMApplication also: SecretNotFound, InvalidSecret, Conflict.
	ConditionAccepted ConditionType = "Accepted"

	// ConditionProgrammed tells whether a running server has loaded this generation. It is set on SCIMServer and SCIMTenant.
	//
	// Reasons for True: Programmed.
	// Reasons for Unknown and False: Pending, NotAccepted, ServerNotReady, ConfigTooLarge, ConfigRejected.
	// On SCIMTenant also: Moving, OwnedElsewhere.
	ConditionProgrammed ConditionType = "Programmed"

	// ConditionReady tells whether requests are answered. It is set on SCIMServer and SCIMTenant.
	//
	// Reasons for True: Ready.
	// Reasons for Unknown: Pending.
	// Reasons for False: NotAccepted, NotProgrammed, ServerNotReady, Suspended, ReadinessGatesPending, Moving, Terminating, and
	// those that begin with Database where the server's database does not do its work.
	ConditionReady ConditionType = "Ready"

	// ConditionDelivering tells whether changes reach the application. It is set on a SCIMTenant with an application.
	//
	// Reasons for True: Delivering.
	// Reasons for Unknown: Pending.
	// Reasons for False: Retrying, EventsParked, OffboardingsDelayed, BrakeEngaged.
	ConditionDelivering ConditionType = "Delivering"

	// ConditionTokenExpiring warns that the bearer token ends soon. True is the bad state. It is set on a SCIMTenant whose
	// token ends.
	//
	// Reasons for True: TokenExpiresSoon, TokenExpired.
	// Reasons for False: TokenValid.
	ConditionTokenExpiring ConditionType = "TokenExpiring"
)

// Reasons of Accepted.
const (
	// ReasonAccepted: the object is valid and in effect.
	ReasonAccepted ConditionReason = "Accepted"
	// ReasonPending: the operator has not looked at the object yet, or waits for another one.
	ReasonPending ConditionReason = "Pending"
	// ReasonInvalid: a value is wrong in a way that the schema cannot tell; the message names the field.
	ReasonInvalid ConditionReason = "Invalid"
	// ReasonNotImplemented: a field is set that this version of the operator does not act on; the message names it.
	ReasonNotImplemented ConditionReason = "NotImplemented"
	// ReasonServerNotFound: spec.serverRef names no SCIMServer.
	ReasonServerNotFound ConditionReason = "ServerNotFound"
	// ReasonApplicationNotFound: spec.applicationRef names no SCIMApplication.
	ReasonApplicationNotFound ConditionReason = "ApplicationNotFound"
	// ReasonMappingNotFound: one of spec.mappingRefs names no SCIMMapping.
	ReasonMappingNotFound ConditionReason = "MappingNotFound"
	// ReasonSecretNotFound: a Secret that is referred to does not exist.
	ReasonSecretNotFound ConditionReason = "SecretNotFound"
	// ReasonInvalidSecret: a Secret that is referred to lacks a key or has an unusable value.
	ReasonInvalidSecret ConditionReason = "InvalidSecret"
	// ReasonNotAllowedByServer: the SCIMServer's allowedTenants do not permit the tenant's namespace.
	ReasonNotAllowedByServer ConditionReason = "NotAllowedByServer"
	// ReasonNotAllowedByApplication: the SCIMApplication's allowedTenants do not permit the tenant's namespace.
	ReasonNotAllowedByApplication ConditionReason = "NotAllowedByApplication"
	// ReasonPathConflict: another tenant is served under the same path.
	ReasonPathConflict ConditionReason = "PathConflict"
	// ReasonConflict: an object the operator would make exists already and belongs to somebody else.
	ReasonConflict ConditionReason = "Conflict"
)

// Reasons of Programmed.
const (
	// ReasonProgrammed: a running server has loaded this generation.
	ReasonProgrammed ConditionReason = "Programmed"
	// ReasonNotAccepted: the object is not accepted; an earlier version of it may still be served.
	ReasonNotAccepted ConditionReason = "NotAccepted"
	// ReasonServerNotReady: no pod of the server is ready.
	ReasonServerNotReady ConditionReason = "ServerNotReady"
	// ReasonConfigTooLarge: the tenants of the server do not fit into its configuration Secrets.
	ReasonConfigTooLarge ConditionReason = "ConfigTooLarge"
	// ReasonConfigRejected: a pod could not load the configuration and keeps the earlier one; the message says why.
	ReasonConfigRejected ConditionReason = "ConfigRejected"
	// ReasonMoving: the tenant's data are on their way to the server that spec.serverRef names; the message tells how far, and
	// what is in the way. The server that has them goes on serving. It is a reason of Ready, too.
	ReasonMoving ConditionReason = "Moving"
	// ReasonOwnedElsewhere: another server owns the tenant's data in the database; the message names it, and tells what to do.
	ReasonOwnedElsewhere ConditionReason = "OwnedElsewhere"
)

// Reasons of Ready.
const (
	// ReasonReady: requests are answered.
	ReasonReady ConditionReason = "Ready"
	// ReasonNotProgrammed: no running server has loaded this generation.
	ReasonNotProgrammed ConditionReason = "NotProgrammed"
	// ReasonSuspended: spec.suspended is true; requests are answered with 503.
	ReasonSuspended ConditionReason = "Suspended"
	// ReasonReadinessGatesPending: a condition of spec.readinessGates is not True; the message names it.
	ReasonReadinessGatesPending ConditionReason = "ReadinessGatesPending"
	// ReasonTerminating: the object is being deleted.
	ReasonTerminating ConditionReason = "Terminating"
)

// ReasonPrefixDatabase is how the reasons begin that tell what is wrong with the database of a server.
const ReasonPrefixDatabase = "Database"

// Reasons of Ready that tell what is wrong with the database of a server. Messages say what to do.
const (
	// ReasonDatabaseURIInvalid: the connection URI cannot be read.
	ReasonDatabaseURIInvalid ConditionReason = "DatabaseURIInvalid"
	// ReasonDatabaseUnreachable: no connection comes about: no such host, nobody listens, no answer in time, no TLS.
	ReasonDatabaseUnreachable ConditionReason = "DatabaseUnreachable"
	// ReasonDatabaseLoginRefused: user, password or origin are refused.
	ReasonDatabaseLoginRefused ConditionReason = "DatabaseLoginRefused"
	// ReasonDatabaseNotFound: there is no database of the name.
	ReasonDatabaseNotFound ConditionReason = "DatabaseNotFound"
	// ReasonDatabaseRightsMissing: the user may not do what the server needs.
	ReasonDatabaseRightsMissing ConditionReason = "DatabaseRightsMissing"
	// ReasonDatabaseReadOnly: nothing can be written, as on a standby.
	ReasonDatabaseReadOnly ConditionReason = "DatabaseReadOnly"
	// ReasonDatabaseFull: there is no room left to write.
	ReasonDatabaseFull ConditionReason = "DatabaseFull"
	// ReasonDatabaseConnectionLimit: no more connections are taken.
	ReasonDatabaseConnectionLimit ConditionReason = "DatabaseConnectionLimit"
	// ReasonDatabaseSchemaTooNew: a later version of the server has migrated the schema.
	ReasonDatabaseSchemaTooNew ConditionReason = "DatabaseSchemaTooNew"
	// ReasonDatabaseMigrationFailed: the schema is of an earlier version and cannot be migrated, or is not that of a server.
	ReasonDatabaseMigrationFailed ConditionReason = "DatabaseMigrationFailed"
	// ReasonDatabaseFailing: anything else.
	ReasonDatabaseFailing ConditionReason = "DatabaseFailing"
)

// Reasons of Delivering.
const (
	// ReasonDelivering: changes reach the application.
	ReasonDelivering ConditionReason = "Delivering"
	// ReasonRetrying: the application does not answer, or not with success; deliveries are retried.
	ReasonRetrying ConditionReason = "Retrying"
	// ReasonEventsParked: deliveries failed for so long that they wait for a replay.
	ReasonEventsParked ConditionReason = "EventsParked"
	// ReasonOffboardingsDelayed: the application has not acknowledged a deactivation or removal for more than five minutes;
	// somebody who left may still have access.
	ReasonOffboardingsDelayed ConditionReason = "OffboardingsDelayed"
	// ReasonBrakeEngaged: spec.lifecycle.brake has stopped off-boardings.
	ReasonBrakeEngaged ConditionReason = "BrakeEngaged"
)

// Reasons of TokenExpiring.
const (
	// ReasonTokenValid: the token is valid and does not end soon.
	ReasonTokenValid ConditionReason = "TokenValid"
	// ReasonTokenExpiresSoon: the token ends soon; give the new one to the identity provider.
	ReasonTokenExpiresSoon ConditionReason = "TokenExpiresSoon"
	// ReasonTokenExpired: the token has ended.
	ReasonTokenExpired ConditionReason = "TokenExpired"
)
