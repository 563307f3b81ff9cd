package schema

import "strings"

// legacyURNs are written by clients of SCIM 1.1 and by templates that were never brought up to date.
var legacyURNs = map[string]string{
	"urn:scim:schemas:core:1.0":                             "",
	"urn:scim:schemas:core:2.0":                             "",
	"urn:scim:schemas:core:2.0:user":                        "",
	"urn:scim:schemas:core:2.0:group":                       "",
	"urn:ietf:params:scim:schemas:core:2.0":                 "",
	"urn:scim:schemas:extension:enterprise:1.0":             EnterpriseUserID,
	"urn:scim:schemas:extension:enterprise:2.0":             EnterpriseUserID,
	"urn:scim:schemas:extension:enterprise:2.0:user":        EnterpriseUserID,
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0": EnterpriseUserID,
}

// Legacy finds the schema in force that an outdated URN stands for.
func (rt *ResourceType) Legacy(urn string) (id string, ok bool) {
	if len(urn) > maxURN {
		return "", false
	}
	id, ok = legacyURNs[strings.ToLower(urn)]
	if ok && id == "" {
		return rt.Core.ID, true
	}
	if ok {
		_, ok = rt.Extension(id)
	}
	return id, ok
}
