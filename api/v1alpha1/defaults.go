package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// The methods Default fill in what the schema of the CRDs does, for manifests that reach no API server.

// Default fills in what the API server would.
func (s *SCIMServer) Default() {
	spec := &s.Spec
	preset(&spec.Replicas, new(int32(1)))
	if spec.Storage == (ServerStorage{}) {
		spec.Storage.SQLite = &SQLiteStorage{}
	}
	spec.Storage.applyDefaults()
	if spec.Endpoint.Gateway != nil {
		for i := range spec.Endpoint.Gateway.ParentRefs {
			parent := &spec.Endpoint.Gateway.ParentRefs[i]
			preset(&parent.Group, new("gateway.networking.k8s.io"))
			preset(&parent.Kind, "Gateway")
		}
	}
	preset(&spec.AllowedTenants.Namespaces.From, NamespacesFromSame)
	preset(&spec.NetworkPolicy, Enabled)
	preset(&spec.Monitoring.ServiceMonitor, Disabled)
}

func (s *ServerStorage) applyDefaults() {
	if s.SQLite != nil && s.SQLite.Size.IsZero() {
		s.SQLite.Size = resource.MustParse("1Gi")
	}
	if s.Postgres != nil {
		preset(&s.Postgres.SecretRef.Key, SecretKeyPostgresURI)
	}
}

// Default fills in what the API server would.
func (a *SCIMApplication) Default() {
	for i := range a.Spec.MemberFields {
		preset(&a.Spec.MemberFields[i].Type, MemberFieldString)
	}
	if d := a.Spec.Delivery; d != nil && d.Webhook != nil {
		preset(&d.Webhook.Mode, WebhookAsynchronous)
		preset(&d.Webhook.Format, WebhookStandard)
		preset(&d.Webhook.TimeoutSeconds, new(int32(5)))
	}
	preset(&a.Spec.AllowedTenants.Namespaces.From, NamespacesFromSame)
}

// Default fills in what the API server would: nothing, because a default would override what an earlier mapping says.
func (m *SCIMMapping) Default() {}

// Default fills in what the API server would.
func (t *SCIMTenant) Default() {
	spec := &t.Spec
	preset(&spec.IdentityProvider, IdentityProviderGeneric)
	preset(&spec.Protocol, ProtocolCompatible)
	preset(&spec.UniqueIdentifier, UniqueIdentifierUserName)
	preset(&spec.Passwords, PasswordPolicyDrop)
	preset(&spec.Resources.Groups, Enabled)
	preset(&spec.Resources.UnknownMembers, UnknownMembersReject)
	for i := range spec.SchemaExtensions {
		spec.SchemaExtensions[i].applyDefaults()
	}
	spec.Lifecycle.applyDefaults()
	spec.Limits.applyDefaults()
	preset(&spec.DeletionPolicy, DeletionPolicyRetain)
}

func (e *SchemaExtension) applyDefaults() {
	preset(&e.Resource, ExtendUser)
	for i := range e.Attributes {
		e.Attributes[i].applyDefaults()
		for j := range e.Attributes[i].SubAttributes {
			e.Attributes[i].SubAttributes[j].applyDefaults()
		}
	}
}

func (a *SimpleAttribute) applyDefaults() {
	preset(&a.Type, AttributeString)
	preset(&a.Mutability, MutabilityReadWrite)
	preset(&a.Returned, ReturnedDefault)
	preset(&a.Uniqueness, UniquenessNone)
}

func (l *Lifecycle) applyDefaults() {
	if l == nil {
		return
	}
	preset(&l.ExistingMember, ExistingMemberReject)
	if l.OnCreate != nil {
		preset(&l.OnCreate.Action, CreateActionCreate)
	}
	for _, policy := range []*OffboardingPolicy{l.OnDeactivate, l.OnDelete} {
		if policy != nil {
			preset(&policy.WhenRefused, RefusalReject)
		}
	}
}

func (l *TenantLimits) applyDefaults() {
	preset(&l.RequestsPerSecond, new(int32(50)))
	preset(&l.Burst, new(int32(100)))
	preset(&l.ConcurrentRequests, new(int32(10)))
	preset(&l.Users, new(int32(100_000)))
	preset(&l.Groups, new(int32(10_000)))
	preset(&l.BodyBytes, new(resource.MustParse("2Mi")))
}

// preset sets a field that has no value.
func preset[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
