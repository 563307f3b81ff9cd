package httpapi

import (
	"encoding/json"

	"github.com/scim-operator/scim-operator/scimserver/bulk"
	"github.com/scim-operator/scim-operator/scimserver/directory"
)

// serviceProvider is the document of /ServiceProviderConfig (RFC 7643 §5): what this server does, no more.
type serviceProvider struct {
	Schemas        []string     `json:"schemas"`
	Patch          supported    `json:"patch"`
	Bulk           bulkSupport  `json:"bulk"`
	Filter         filterLimits `json:"filter"`
	ChangePassword supported    `json:"changePassword"`
	Sort           supported    `json:"sort"`
	ETag           supported    `json:"etag"`
	Pagination     pagination   `json:"pagination"`
	Authentication []authScheme `json:"authenticationSchemes"`
	Conformant     bool         `json:"interopProfileConformant,omitempty"` // draft-zollner-scim-interop-profile
	Meta           providerMeta `json:"meta"`
}

type supported struct {
	Supported bool `json:"supported"`
}

type bulkSupport struct {
	Supported      bool  `json:"supported"`
	MaxOperations  int   `json:"maxOperations"`
	MaxPayloadSize int64 `json:"maxPayloadSize"`
}

type filterLimits struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

// pagination is of RFC 9865 §4.
type pagination struct {
	Cursor        bool   `json:"cursor"`
	Index         bool   `json:"index"`
	DefaultMethod string `json:"defaultPaginationMethod"`
	DefaultSize   int    `json:"defaultPageSize"`
	MaxSize       int    `json:"maxPageSize"`
	CursorTimeout int    `json:"cursorTimeout"` // seconds
}

type authScheme struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	SpecURI     string `json:"specUri"`
	Primary     bool   `json:"primary"`
}

type providerMeta struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

func (x *exchange) serviceProviderConfig() error {
	text, err := json.Marshal(describeProvider(x.tenant))
	if err != nil {
		return err
	}
	x.ans.Body = append(x.ans.Body, text...)
	return x.send()
}

func describeProvider(t *Tenant) serviceProvider {
	return serviceProvider{
		Schemas:        []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		Patch:          supported{true},
		Bulk:           bulkSupport{Supported: true, MaxOperations: bulk.MaxOperations, MaxPayloadSize: t.bodyBytes()},
		Filter:         filterLimits{Supported: true, MaxResults: directory.MaxCount},
		ChangePassword: supported{t.Directory.KeepPasswords},
		Sort:           supported{true},
		ETag:           supported{true},
		Pagination: pagination{
			Cursor: true, Index: true, DefaultMethod: "index",
			DefaultSize: directory.DefaultCount, MaxSize: directory.MaxCount, CursorTimeout: int(directory.CursorLifetime.Seconds()),
		},
		Authentication: []authScheme{{
			Type:        "oauthbearertoken",
			Name:        "OAuth Bearer Token",
			Description: "The header Authorization holds Bearer and the token of this tenant",
			SpecURI:     "https://www.rfc-editor.org/info/rfc6750",
			Primary:     true,
		}},
		Conformant: t.Directory.Strict,
		Meta:       providerMeta{ResourceType: "ServiceProviderConfig", Location: t.Directory.URL + "/ServiceProviderConfig"},
	}
}
