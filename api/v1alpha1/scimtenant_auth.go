package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TenantAuth says how an identity provider authenticates.
type TenantAuth struct {
	// bearer authenticates with one long-lived token. If jwt is given and bearer is not, there is no such token.
	// +optional
	Bearer *BearerAuth `json:"bearer,omitempty"`

	// jwt accepts signed tokens of the listed issuers (OAuth 2 client credentials, Entra's own tokens).
	// +optional
	// +listType=map
	// +listMapKey=issuer
	// +kubebuilder:validation:MaxItems=8
	JWT []JWTIssuer `json:"jwt,omitempty"`
}

// BearerAuth describes the tenant's bearer token.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.secretRef) && has(self.rotation))",message="rotation is for tokens that the operator generates; remove rotation, or remove secretRef",fieldPath=".rotation"
type BearerAuth struct {
	// secretRef names a Secret of the tenant's namespace whose key token is the token. Omitted: the operator generates it.
	// +optional
	SecretRef *LocalReference `json:"secretRef,omitempty"`

	// rotation replaces a generated token in time. Omitted: it is replaced only on request.
	// +optional
	Rotation *TokenRotation `json:"rotation,omitempty"`
}

// TokenRotation replaces a token in time.
//
// +kubebuilder:validation:XValidation:rule="duration(self.every) >= duration('1h')",message="every is at least 1h",fieldPath=".every"
// +kubebuilder:validation:XValidation:rule="!has(self.overlap) || duration(self.overlap) < duration(self.every)",message="overlap is shorter than every",fieldPath=".overlap"
type TokenRotation struct {
	// every is the life of a token.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(h|m|s))+$`
	Every metav1.Duration `json:"every"`

	// overlap is how long the earlier token is still accepted.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(h|m|s))+$`
	Overlap metav1.Duration `json:"overlap,omitzero"`
}

// JWTIssuer is an issuer of signed tokens.
type JWTIssuer struct {
	// issuer is the exact value of the claim iss.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^/?#@ ]+(/[^?# ]*)?$') && isURL(self)",message="issuer is an https:// URL without query and fragment, exactly as in the claim iss"
	Issuer string `json:"issuer"`

	// audiences: the claim aud must hold one of them.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Audiences []Audience `json:"audiences"`

	// jwksURL is where the issuer's keys are. Default: found by OpenID Connect discovery of the issuer.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^/?#@ ]+([/?][^# ]*)?$') && isURL(self)",message="jwksURL is an https:// URL"
	JWKSURL string `json:"jwksURL,omitempty"`

	// claims is a CEL expression over the variable claims that must be true.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Claims string `json:"claims,omitempty"`
}

// Audience is a value of the claim aud.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=1024
type Audience string
