package compile

import (
	"github.com/scim-operator/scim-operator/api/v1alpha1"
	"github.com/scim-operator/scim-operator/scimserver/config"
)

// ServerFacts is what a server is judged by.
type ServerFacts struct {
	Server  *v1alpha1.SCIMServer
	BaseURL string
	// CertificateMissing: the Secret of spec.endpoint.tls does not exist.
	CertificateMissing bool
	// DatabaseSecretMissing: the Secret of spec.storage.postgres does not exist.
	DatabaseSecretMissing bool
	// DatabaseProblem tells what is wrong with that Secret, "" if nothing is.
	DatabaseProblem string
	// NoGateway: spec.endpoint.gateway is set, and the cluster has no HTTPRoute.
	NoGateway bool
	// HostOwner is the older SCIMServer with the same Ingress host, "" if there is none.
	HostOwner string
	// VolumeChange tells how the volume would have to change, "" if it doesn't.
	VolumeChange string
	// Workload tells why its objects cannot be built, "" if they can.
	Workload string
}

// ServerFinding tells whether the server is accepted.
func ServerFinding(f ServerFacts) Finding {
	return first(f, storage, baseURL, references, hosts,
		func(f ServerFacts) Finding { return unless(f.VolumeChange, v1alpha1.ReasonNotImplemented) },
		func(f ServerFacts) Finding { return unless(f.Workload, v1alpha1.ReasonInvalid) })
}

// unless is a finding with the message, none if that is empty.
func unless(message string, reason v1alpha1.ConditionReason) Finding {
	if message == "" {
		return Finding{}
	}
	return Finding{Reason: reason, Message: message}
}

func storage(f ServerFacts) Finding {
	pg := f.Server.Spec.Storage.Postgres
	switch {
	case pg == nil:
		return Finding{}
	case f.DatabaseSecretMissing:
		return found(v1alpha1.ReasonSecretNotFound, "spec.storage.postgres.secretRef: there is no Secret %s in namespace %s; create it, with the connection URI under the key %s",
			pg.SecretRef.Name, f.Server.Namespace, pg.SecretRef.Key)
	case f.DatabaseProblem != "":
		return found(v1alpha1.ReasonInvalidSecret, "spec.storage.postgres.secretRef: Secret %s is not usable: %s", pg.SecretRef.Name, f.DatabaseProblem)
	}
	return Finding{}
}

func baseURL(f ServerFacts) Finding {
	s := config.Server{Version: config.Version, Name: f.Server.Namespace + "/" + f.Server.Name, BaseURL: f.BaseURL}
	if err := s.Validate(); err != nil {
		return found(v1alpha1.ReasonInvalid, "the base URL in effect is not valid; correct spec.endpoint or the operator's --default-base-url: %v", err)
	}
	return Finding{}
}

func references(f ServerFacts) Finding {
	if f.CertificateMissing {
		return found(v1alpha1.ReasonSecretNotFound, "spec.endpoint.tls: there is no Secret %s in namespace %s; create it, with tls.crt and tls.key",
			f.Server.Spec.Endpoint.TLS.SecretName, f.Server.Namespace)
	}
	if f.NoGateway {
		return found(v1alpha1.ReasonInvalid, "spec.endpoint.gateway: the cluster has no HTTPRoute; install Gateway API, or use spec.endpoint.ingress")
	}
	return Finding{}
}

func hosts(f ServerFacts) Finding {
	if f.HostOwner == "" {
		return Finding{}
	}
	return found(v1alpha1.ReasonConflict, "spec.endpoint.ingress.host: %s is the host of SCIMServer %s already; choose another one",
		f.Server.Spec.Endpoint.Ingress.Host, f.HostOwner)
}
