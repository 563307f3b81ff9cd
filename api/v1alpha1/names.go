package v1alpha1

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Labels of objects the operator makes.
const (
	// LabelManagedBy is the standard label; its value is ManagedBy.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// LabelName is the standard label; its value is AppName on everything that belongs to a server.
	LabelName = "app.kubernetes.io/name"
	// LabelInstance is the standard label; its value is the name of the SCIMServer or SCIMTenant.
	LabelInstance = "app.kubernetes.io/instance"
	// LabelServer names the SCIMServer to which an object belongs.
	LabelServer = GroupName + "/server"
	// LabelTenant names the SCIMTenant to which an object belongs.
	LabelTenant = GroupName + "/tenant"
	// LabelApplication names the SCIMApplication to which an object belongs.
	LabelApplication = GroupName + "/application"

	// ManagedBy is the value of LabelManagedBy, and the field owner in server-side apply.
	ManagedBy = "scim-operator"
	// AppName is the value of LabelName on the objects of a server.
	AppName = "scim-server"
)

// Annotations.
const (
	// AnnotationRotate on a SCIMTenant or on its credentials Secret asks for a new token, and so it does on a
	// SCIMApplication or on its feed credentials Secret. Any value does; the operator takes the annotation away when it
	// has done it.
	AnnotationRotate = GroupName + "/rotate"
	// AnnotationReleaseBrake on a SCIMTenant releases the off-boardings that its brake has stopped: once for each new
	// value, such as the time of day. It may stay.
	AnnotationReleaseBrake = GroupName + "/release-brake"
	// AnnotationDeletionPolicy on the SCIMServer of a single tenant says what becomes of its volume when the server is
	// deleted: a DeletionPolicy.
	AnnotationDeletionPolicy = GroupName + "/deletion-policy"
	// AnnotationBoundServer on a SCIMTenant is namespace/name of the SCIMServer that has the tenant's data. The operator
	// sets it when it first accepts the tenant there.
	AnnotationBoundServer = GroupName + "/bound-server"
	// AnnotationMove on a SCIMTenant is the id of the move that is under way, a space, and namespace/name of the SCIMServer that
	// the data go to. AnnotationMoveFetch is the id when that server may fetch them. The operator writes both.
	AnnotationMove      = GroupName + "/move"
	AnnotationMoveFetch = GroupName + "/move-fetch"
	// AnnotationForwardedFrom on a SCIMTenant is namespace/name of the SCIMServer that its data have left and that passes its
	// requests on, the id of the move, and when it ended. The operator writes it.
	AnnotationForwardedFrom = GroupName + "/forwarded-from"
	// AnnotationFinishMove on a SCIMTenant, with any value, has the server that its data have left forget it at once, instead of
	// passing requests on until there have been none for a day. The operator removes it.
	AnnotationFinishMove = GroupName + "/finish-move"
	// AnnotationTakeFrom on a SCIMTenant names the owner, gone for good, that its data in the database may be taken from. The
	// condition Programmed tells the value.
	AnnotationTakeFrom = GroupName + "/take-from"
	// AnnotationConfigHash on a pod template is the hash of what makes pods restart.
	AnnotationConfigHash = GroupName + "/config-hash"
)

// Finalizer is set on SCIMTenants, so that their data and credentials are dealt with before they go.
const Finalizer = GroupName + "/tenant"

// SecretTypeCredentials is the type of a tenant's credentials Secret, and of an application's feed credentials Secret.
const SecretTypeCredentials = GroupName + "/credentials"

// Keys of a tenant's credentials Secret.
const (
	// SecretKeyBaseURL is the URL the identity provider is given.
	SecretKeyBaseURL = "baseURL"
	// SecretKeyToken is the bearer token; also the key of a token Secret that the admin brings.
	SecretKeyToken = "token"
	// SecretKeyAuthorization is the value of the header Authorization: "Bearer " and the token.
	SecretKeyAuthorization = "authorization"
	// SecretKeyTokenID identifies the token in logs; it reveals nothing of it.
	SecretKeyTokenID = "tokenID"
	// SecretKeyIssuedAt is the time of issue, RFC 3339.
	SecretKeyIssuedAt = "issuedAt"
	// SecretKeyExpiresAt is the time of the next rotation, RFC 3339; absent when the token doesn't expire.
	SecretKeyExpiresAt = "expiresAt"
	// SecretKeyFeeds is a key of feed credentials alone: a JSON object from tenant (namespace/name) to the base URL of its
	// member feed, of at most MaxFeeds tenants.
	SecretKeyFeeds = "feeds"
)

// MaxFeeds is the number of tenants that feed credentials name. The feeds of further ones have the same form.
const MaxFeeds = 5000

// Keys of other Secrets.
const (
	// SecretKeySigningKey is the key of a webhook Secret that signs ("whsec_…").
	SecretKeySigningKey = "signingKey"
	// SecretKeySigningKeyNext is the second signing key while keys are rotated.
	SecretKeySigningKeyNext = "signingKeyNext"
	// SecretKeyPostgresURI is the default key of a database Secret.
	SecretKeyPostgresURI = "uri"
)

// CredentialsSecretName is the name of the Secret with a tenant's base URL and token.
func CredentialsSecretName(tenant string) string { return tenant + "-credentials" }

// FeedCredentialsSecretName is the name of the Secret with the token of an application's member feeds.
func FeedCredentialsSecretName(application string) string { return application + "-feed-credentials" }

// ConfigSecretName is the name of the n-th Secret (from 0) with a server's compiled configuration.
func ConfigSecretName(server string, n int) string {
	if n == 0 {
		return server + "-config"
	}
	return fmt.Sprintf("%s-config-%d", server, n)
}

// StatusConfigMapName is the name of the ConfigMap in which the pods of a server report on the tenants of the n-th Secret.
func StatusConfigMapName(server string, n int) string {
	if n == 0 {
		return server + "-status"
	}
	return fmt.Sprintf("%s-status-%d", server, n)
}

// TenantPath is the path of a tenant's SCIM base URL below the base URL of its server.
func TenantPath(namespace, name string) string { return "/" + namespace + "/" + name + "/scim/v2" }

// FeedPath is the path of a tenant's member feed below the base URL of its server.
func FeedPath(namespace, name string) string { return "/" + namespace + "/" + name + "/members/v1" }

// ServerKey gives namespace and name of the SCIMServer on which the tenant runs, be it referred to or its own.
func (t *SCIMTenant) ServerKey() (namespace, name string) {
	if t.Spec.ServerRef == nil {
		return t.Namespace, t.Name
	}
	return t.Spec.ServerRef.NamespaceOr(t.Namespace), t.Spec.ServerRef.Name
}

// OwnServer tells whether the operator makes a SCIMServer for this tenant alone.
func (t *SCIMTenant) OwnServer() bool { return t.Spec.ServerRef == nil }

// NamespaceOr is the namespace of the object referred to, for a referrer in the given namespace.
func (r *ObjectReference) NamespaceOr(referrer string) string {
	if r.Namespace == "" {
		return referrer
	}
	return r.Namespace
}

// StatusConditions is where the conditions of a SCIMServer are.
func (s *SCIMServer) StatusConditions() *[]metav1.Condition { return &s.Status.Conditions }

// StatusConditions is where the conditions of a SCIMApplication are.
func (a *SCIMApplication) StatusConditions() *[]metav1.Condition { return &a.Status.Conditions }

// StatusConditions is where the conditions of a SCIMMapping are.
func (m *SCIMMapping) StatusConditions() *[]metav1.Condition { return &m.Status.Conditions }

// StatusConditions is where the conditions of a SCIMTenant are.
func (t *SCIMTenant) StatusConditions() *[]metav1.Condition { return &t.Status.Conditions }
