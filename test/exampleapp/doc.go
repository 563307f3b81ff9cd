// Package exampleapp is an application as one that is provisioned may look: an inventory of members, assets, devices and
// policies. It takes webhooks in both modes and both formats, reads the member feed, refuses to let go of members who still
// have an asset, and carries out off-boarding actions of its own. The program is in the folder inventory.
package exampleapp
