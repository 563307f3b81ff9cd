package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// SCIMServer is a place where tenants run: SCIM server pods with their storage and their endpoint. The pods are a StatefulSet
// of one with SQLite, and a Deployment with PostgreSQL.
// Tenants refer to it by spec.serverRef, as routes refer to a Gateway.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:scope=Namespaced,shortName=scimsrv,categories=scim
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.baseURL`
// +kubebuilder:printcolumn:name="Pods",type=integer,JSONPath=`.status.readyReplicas`
// +kubebuilder:printcolumn:name="Tenants",type=integer,JSONPath=`.status.tenants`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 52",message="the name of a SCIMServer names its Service and its pods: at most 52 lower case letters, digits and '-', beginning with a letter and ending with a letter or digit"
type SCIMServer struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the wanted state.
	// +optional
	// +kubebuilder:default={}
	Spec SCIMServerSpec `json:"spec,omitzero"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default={conditions: {{type: "Accepted", status: "Unknown", reason: "Pending", message: "Waiting for the operator", lastTransitionTime: "1970-01-01T00:00:00Z"}, {type: "Programmed", status: "Unknown", reason: "Pending", message: "Waiting for the operator", lastTransitionTime: "1970-01-01T00:00:00Z"}}}
	Status SCIMServerStatus `json:"status,omitzero"`
}

// SCIMServerList is a list of SCIMServers.
//
// +kubebuilder:object:root=true
type SCIMServerList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []SCIMServer `json:"items"`
}

// SCIMServerSpec is the wanted state of a SCIMServer.
//
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || self.replicas <= 1 || (has(self.storage) && has(self.storage.postgres))",message="more than one replica needs storage.postgres; set replicas to 1, or keep the data in PostgreSQL",fieldPath=".replicas"
type SCIMServerSpec struct {
	// replicas is the number of pods. More than one needs storage.postgres. A HorizontalPodAutoscaler whose scaleTargetRef
	// is the SCIMServer sets it; leave it out of manifests then.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=50
	Replicas *int32 `json:"replicas,omitempty"`

	// image of the server container. Default: the image the operator itself runs from.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^ ]+$')",message="image has no blanks"
	Image string `json:"image,omitempty"`

	// storage says where the tenants' data are kept.
	// +optional
	// +kubebuilder:default={sqlite: {size: "1Gi"}}
	Storage ServerStorage `json:"storage,omitzero"`

	// endpoint says how identity providers reach the server.
	// +optional
	Endpoint ServerEndpoint `json:"endpoint,omitzero"`

	// allowedTenants says which tenants may run here. Default: those of the server's own namespace.
	// +optional
	// +kubebuilder:default={namespaces: {from: Same}}
	AllowedTenants AllowedTenants `json:"allowedTenants,omitzero"`

	// webhooks that the tenants' applications want to be sent.
	// +optional
	Webhooks ServerWebhooks `json:"webhooks,omitzero"`

	// podTemplate is a PodTemplateSpec that is merged over the generated one (strategic merge): affinity, resources,
	// imagePullSecrets, sidecars and whatever else a pod can have.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`

	// networkPolicy Enabled makes a NetworkPolicy that admits only the ports of the server.
	// +optional
	// +kubebuilder:default=Enabled
	NetworkPolicy Toggle `json:"networkPolicy,omitempty"`

	// monitoring of the server.
	// +optional
	// +kubebuilder:default={}
	Monitoring ServerMonitoring `json:"monitoring,omitzero"`
}

// ServerStorage is where data are kept; exactly one field is set.
//
// +kubebuilder:validation:XValidation:rule="has(self.sqlite) != has(self.postgres)",message="set exactly one of sqlite and postgres"
// +kubebuilder:validation:XValidation:rule="has(self.sqlite) == has(oldSelf.sqlite)",message="the kind of storage cannot change, because the data would stay behind; make another SCIMServer and move the tenants there"
type ServerStorage struct {
	// sqlite keeps the data in a file on a persistent volume of the one pod.
	// +optional
	SQLite *SQLiteStorage `json:"sqlite,omitempty"`

	// postgres keeps the data in a PostgreSQL database that lies outside of the operator's care.
	// +optional
	Postgres *PostgresStorage `json:"postgres,omitempty"`
}

// SQLiteStorage describes the volume of a SQLite database.
//
// +kubebuilder:validation:XValidation:rule="!has(self.size) || quantity(string(self.size)).compareTo(quantity('16Mi')) >= 0",message="size is at least 16Mi",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="!has(self.size) || !has(oldSelf.size) || quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",message="a volume cannot shrink; keep the size",fieldPath=".size"
// +kubebuilder:validation:XValidation:rule="has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",message="storageClassName cannot change, because the volume exists already; make another SCIMServer and move the tenants there",fieldPath=".storageClassName"
type SQLiteStorage struct {
	// size of the volume.
	// +optional
	// +kubebuilder:default="1Gi"
	Size resource.Quantity `json:"size,omitzero"`

	// storageClassName of the volume claim. Default: the cluster's default StorageClass.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	StorageClassName string `json:"storageClassName,omitempty"`
}

// PostgresStorage names a database.
type PostgresStorage struct {
	// secretRef names the Secret's key that holds the connection URI, such as postgresql://user:password@host:5432/database.
	// The Secret may change at any time: the pods notice within about a minute, and need no restart.
	// +required
	SecretRef SecretKeyReference `json:"secretRef"`
}

// ServerEndpoint is how identity providers reach a server.
//
// +kubebuilder:validation:XValidation:rule="!has(self.gateway) || has(self.baseURL) || has(self.ingress) || (has(self.gateway.hostnames) && self.gateway.hostnames.exists(h, !h.startsWith('*')))",message="with gateway give a hostname without a wildcard, or baseURL, so that the tenants' URLs are known",fieldPath=".gateway"
type ServerEndpoint struct {
	// baseURL is the address that identity providers see, without a trailing slash. A tenant's URL is this and
	// /{namespace}/{name}/scim/v2. Default: https:// and the host of ingress or gateway, else the operator's
	// --default-base-url, else the DNS name of the Service.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[[][0-9a-fA-F:.]+[]])(:[0-9]{1,5})?(/[A-Za-z0-9][A-Za-z0-9._~-]*)*$')",message="baseURL is http:// or https://, a host and perhaps a path, without a trailing slash, query or fragment, as in https://scim.example.com"
	BaseURL string `json:"baseURL,omitempty"`

	// ingress makes an Ingress for the server.
	// +optional
	Ingress *ServerIngress `json:"ingress,omitempty"`

	// gateway makes an HTTPRoute for the server.
	// +optional
	Gateway *ServerGateway `json:"gateway,omitempty"`

	// tls makes the pods themselves speak HTTPS.
	// +optional
	TLS *ServerTLS `json:"tls,omitempty"`
}

// ServerIngress describes an Ingress.
type ServerIngress struct {
	// className is the ingressClassName. Default: the cluster's default IngressClass.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	ClassName string `json:"className,omitempty"`

	// host is the DNS name under which the server is reached.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="host is a DNS name in lower case, without scheme, port and path, as in scim.example.com"
	Host string `json:"host"`

	// annotations of the Ingress.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	Annotations map[string]string `json:"annotations,omitempty"`

	// tlsSecretName names the kubernetes.io/tls Secret of the host. Without it the Ingress has no tls section.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	TLSSecretName string `json:"tlsSecretName,omitempty"`
}

// ServerGateway describes an HTTPRoute.
type ServerGateway struct {
	// parentRefs are the Gateways (or listeners) to which the route attaches.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ParentRefs []GatewayParentReference `json:"parentRefs"`

	// hostnames of the route. The first one without a wildcard is the default of baseURL.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Hostnames []Hostname `json:"hostnames,omitempty"`
}

// Hostname is a DNS name, its first label may be a wildcard.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="a hostname is a DNS name in lower case, without scheme, port and path, as in scim.example.com; its first label may be *"
type Hostname string

// GatewayParentReference is the parentRef of an HTTPRoute.
type GatewayParentReference struct {
	// group of the parent.
	// +optional
	// +kubebuilder:default=gateway.networking.k8s.io
	// +kubebuilder:validation:MaxLength=253
	Group *string `json:"group,omitempty"`

	// kind of the parent.
	// +optional
	// +kubebuilder:default=Gateway
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// namespace of the parent. Default: the server's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="the name of a namespace has lower case letters, digits and '-', and begins and ends with a letter or digit"
	Namespace string `json:"namespace,omitempty"`

	// name of the parent.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	Name string `json:"name"`

	// sectionName is the listener of a Gateway.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SectionName string `json:"sectionName,omitempty"`

	// port of the parent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`
}

// ServerTLS names the certificate of the pods.
type ServerTLS struct {
	// secretName names a kubernetes.io/tls Secret (tls.crt, tls.key) of the server's namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an object has lower case letters, digits, '-' and '.', and begins and ends with a letter or digit"
	SecretName string `json:"secretName"`
}

// ServerWebhooks says where webhooks may go. They are never sent to loopback, link-local (which has the metadata services of
// clouds), multicast and unspecified addresses unless a network is allowed here; loopback is not even then.
type ServerWebhooks struct {
	// allowedNetworks are networks, as 169.254.10.0/24, that webhooks may reach although they are refused by default.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	AllowedNetworks []Network `json:"allowedNetworks,omitempty"`
}

// Network is an IP network in CIDR notation.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="a network is an address and the length of its prefix, as in 10.20.0.0/16 or fd00::/8"
// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || !((cidr(self).ip().family() == 4 && (cidr(self).containsIP('127.0.0.1') || cidr('127.0.0.0/8').containsCIDR(self))) || (cidr(self).ip().family() == 6 && cidr(self).containsIP('::1')))",message="webhooks cannot be sent to the server's own pod; name networks without loopback addresses"
type Network string

// ServerMonitoring describes how a server is observed.
type ServerMonitoring struct {
	// serviceMonitor Enabled makes a monitoring.coreos.com ServiceMonitor, if the cluster knows that kind.
	// +optional
	// +kubebuilder:default=Disabled
	ServiceMonitor Toggle `json:"serviceMonitor,omitempty"`
}

// SCIMServerStatus is the observed state of a SCIMServer.
type SCIMServerStatus struct {
	// conditions are Accepted, Programmed and Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// baseURL is the address in effect.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	BaseURL string `json:"baseURL,omitempty"`

	// configHash is the hash of the configuration that was compiled last.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	ConfigHash string `json:"configHash,omitempty"`

	// replicas is the number of pods there are.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// selector chooses the pods, as a HorizontalPodAutoscaler wants to know.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Selector string `json:"selector,omitempty"`

	// readyReplicas is the number of pods that are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`

	// tenants is the number of tenants in the configuration.
	// +optional
	Tenants int32 `json:"tenants,omitempty"`
}
