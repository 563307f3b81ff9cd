package people

import "strconv"

var (
	givenNames  = []string{"Ann", "Björn", "Chloé", "Dmitri", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jun", "Kofi", "Lucía", "Mei", "Noah", "Olga", "Priya"}
	familyNames = []string{"Abe", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanov", "Jensen", "Kowalski", "Lindqvist", "Moreau"}
	mailNames   = []string{"ann", "bjorn", "chloe", "dmitri", "elena", "farid", "grace", "hiro", "ines", "jun", "kofi", "lucia", "mei", "noah", "olga", "priya"}
	departments = []string{"Engineering", "Sales", "Support", "Finance", "Human Resources", "IT", "Legal"}
	titles      = []string{"Engineer", "Manager", "Analyst", "Director", "Consultant"}
	cities      = []string{"Berlin", "Lisboa", "Osaka", "Montréal", "Nairobi", "Pune"}
)

func pick(list []string, i int) string { return list[i%len(list)] }

// AppendUserName appends the userName of a person, which is the e-mail address too. It needs no escape but that of @.
func AppendUserName(dst []byte, i int) []byte {
	dst = append(append(dst, pick(mailNames, i)...), '.')
	return append(appendNumber(dst, i), "@example.com"...)
}

// appendNumber appends a number with leading zeros, so that documents are of the same length.
func appendNumber(dst []byte, i int) []byte {
	for limit := 1000000; limit > i && limit > 1; limit /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(i), 10)
}

// AppendExternalID appends the externalId of a person, shaped as those of Okta.
func AppendExternalID(dst []byte, i int) []byte {
	return appendNumber(append(dst, "00ujl29u0le5T6"...), i)
}

// AppendUser appends the body of a POST or PUT. Another revision differs in title and displayName.
func AppendUser(dst []byte, i, revision int) []byte {
	given, family := pick(givenNames, i), pick(familyNames, i)
	dst = append(dst, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"`...)
	dst = append(AppendExternalID(dst, i), `","userName":"`...)
	dst = append(AppendUserName(dst, i), `","name":{"formatted":"`...)
	dst = append(append(append(append(dst, given...), ' '), family...), `","familyName":"`...)
	dst = append(append(dst, family...), `","givenName":"`...)
	dst = append(append(dst, given...), `"},"displayName":"`...)
	dst = strconv.AppendInt(append(append(append(append(dst, given...), ' '), family...), ' '), int64(revision), 10)
	dst = append(append(dst, `","title":"`...), pick(titles, i+revision)...)
	dst = append(dst, `","preferredLanguage":"en-US","locale":"en-US","timezone":"Europe/Berlin","active":true,"emails":[{"value":"`...)
	dst = append(AppendUserName(dst, i), `","type":"work","primary":true}],"phoneNumbers":[{"value":"+49 30 `...)
	dst = append(appendNumber(dst, i), `","type":"mobile"}],"addresses":[{"streetAddress":"`...)
	dst = strconv.AppendInt(dst, int64(i%500+1), 10)
	dst = append(append(dst, ` Long Street","locality":"`...), pick(cities, i)...)
	dst = append(dst, `","postalCode":"10115","country":"DE","type":"work"}],`...)
	return append(appendEnterprise(dst, i), '}')
}

func appendEnterprise(dst []byte, i int) []byte {
	dst = append(dst, `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"`...)
	dst = append(appendNumber(dst, i), `","costCenter":"4130","organization":"Example","department":"`...)
	return append(append(dst, pick(departments, i)...), `"}`...)
}
