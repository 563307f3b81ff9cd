// Package tolerance names every deviation from the SCIM RFCs that Compatible mode accepts, and keeps account of those a request needed.
package tolerance
