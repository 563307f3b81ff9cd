// Package command is `scimserver admin`: it asks the server on the same machine by its socket, and prints the answer for
// people or as JSON.
package command
