// Package member decides what a change of a SCIM user means for the application's member, and keeps members, their events
// and the provisioning log in step with the directory, in the same transaction.
package member
