// Package password keeps of a password what tells whether another text is the same, and nothing else: its argon2id hash.
package password
