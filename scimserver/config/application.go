package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Limits of an application, its mapping and its life cycle.
const (
	MaxFields      = 128
	MaxRoles       = 256
	MaxActions     = 64
	MaxParameters  = 16 // of an action
	MaxSigningKeys = 2
	MaxCABytes     = 256 << 10
	MaxTimeout     = 30  // seconds that a webhook has to answer
	MaxRoleValues  = 512 // of a translation
	MaxRoleGroups  = 256
	MaxNetworks    = 256
)

// Application is what a tenant provisions into. A tenant without one is a plain SCIM directory.
type Application struct {
	// Name is namespace/name of the SCIMApplication.
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName,omitempty"`
	Fields      []Field  `json:"fields,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	Actions     []Action `json:"actions,omitempty"`
	// Webhook is nil where the application reads the feed.
	Webhook *Webhook `json:"webhook,omitempty"`
	// FeedTokens are accepted by the member feed of the tenant.
	FeedTokens []Token `json:"feedTokens,omitempty"`
}

// Field is a field of the application's member record. Names are unique whatever their case.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // String, Boolean, Integer, Decimal, DateTime, StringList
	Required bool   `json:"required,omitempty"`
	Unique   bool   `json:"unique,omitempty"` // among active members of a tenant; never of type Boolean or StringList
}

// Action is an off-boarding action of the application's own.
type Action struct {
	Name       string      `json:"name"`
	Parameters []Parameter `json:"parameters,omitempty"`
}

// Parameter of an action; its value is a string.
type Parameter struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
}

// Values of Webhook.Mode.
const (
	Synchronous  = "Synchronous"
	Asynchronous = "Asynchronous"
)

// Values of Webhook.Format. Security event tokens tell what has happened, so they are never asked with.
const (
	StandardWebhooks    = "StandardWebhooks"
	SecurityEventTokens = "SecurityEventTokens" // RFC 9967, pushed after RFC 8935
)

// Webhook is where changes are delivered.
type Webhook struct {
	URL    string `json:"url"`
	Mode   string `json:"mode"`   // Synchronous, Asynchronous
	Format string `json:"format"` // StandardWebhooks, SecurityEventTokens
	// SigningKeys are one, or two while keys are rotated: each signs. ParseSigningKey reads them.
	SigningKeys    []string `json:"signingKeys"`
	TimeoutSeconds int      `json:"timeoutSeconds"` // 1 to MaxTimeout
	// CABundle is PEM; empty: the system's roots.
	CABundle []byte `json:"caBundle,omitempty"`
}

// SigningKeyPrefix begins each signing key.
const SigningKeyPrefix = "whsec_"

// Bounds of a signing key without its prefix and encoding, in bytes (Standard Webhooks specification).
const (
	minSigningKeyBytes = 24
	maxSigningKeyBytes = 64
)

// ParseSigningKey returns the bytes that sign: the base64 behind SigningKeyPrefix. The error doesn't show the key.
func ParseSigningKey(s string) ([]byte, error) {
	text, ok := strings.CutPrefix(s, SigningKeyPrefix)
	if !ok {
		return nil, errors.New("does not begin with " + SigningKeyPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which the decoder passes over
		return nil, errors.New("is not base64 behind " + SigningKeyPrefix)
	}
	if len(key) < minSigningKeyBytes || len(key) > maxSigningKeyBytes {
		return nil, fmt.Errorf("has %d bytes behind %s, must be %d to %d", len(key), SigningKeyPrefix, minSigningKeyBytes, maxSigningKeyBytes)
	}
	return key, nil
}
