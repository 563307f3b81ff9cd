// Package schema holds the SCIM schemas of a tenant (RFC 7643): attributes with their characteristics, extensions, resource types, and how a name finds its attribute.
package schema
