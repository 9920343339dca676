/* texts.c - see texts.h */
#include "uc/texts.h"

const struct text uc_texts[] = {
	{ "deploy.subject", "Your {client} telephone is ready",
	  "Votre téléphone {client} est prêt" },
	{ "deploy.client.desktop", "desktop", "de bureau" },
	{ "deploy.client.mobile", "mobile", "mobile" },
	{ "deploy.client.web", "web", "web" },
	{ "deploy.client.desk", "desk", "fixe" },
	{ "deploy.none", "None", "Aucun" },
	{ "deploy.text",
	  "Hello {name},\n\n"
	  "your {client} telephone is ready to be set up.\n\n"
	  "Extension: {extension}\n"
	  "Open this link with the client, or scan the code:\n{link}\n\n"
	  "The link works once, until {until} (UTC). If it no longer works, "
	  "ask your administrator for a new one.\n",
	  "Bonjour {name},\n\n"
	  "votre téléphone {client} est prêt à être configuré.\n\n"
	  "Numéro de poste : {extension}\n"
	  "Ouvrez ce lien avec le client, ou lisez le code :\n{link}\n\n"
	  "Le lien fonctionne une seule fois, jusqu’au {until} (UTC). S’il ne "
	  "fonctionne plus, demandez-en un autre à votre administrateur.\n" },
	{ "deploy.html",
	  "<!doctype html><html lang=\"en\"><body>"
	  "<p>Hello {name},</p>"
	  "<p>your {client} telephone is ready to be set up.</p>"
	  "<p>Extension: <b>{extension}</b></p>"
	  "<p><a href=\"{link}\">Set up now</a>, or scan this code:</p>"
	  "<p><img src=\"cid:qr\" alt=\"QR code of the link\"></p>"
	  "<p>The link works once, until {until} (UTC). If it no longer works, "
	  "ask your administrator for a new one.</p></body></html>",
	  "<!doctype html><html lang=\"fr\"><body>"
	  "<p>Bonjour {name},</p>"
	  "<p>votre téléphone {client} est prêt à être configuré.</p>"
	  "<p>Numéro de poste : <b>{extension}</b></p>"
	  "<p><a href=\"{link}\">Configurer maintenant</a>, ou lisez ce "
	  "code :</p>"
	  "<p><img src=\"cid:qr\" alt=\"Code QR du lien\"></p>"
	  "<p>Le lien fonctionne une seule fois, jusqu’au {until} (UTC). S’il "
	  "ne fonctionne plus, demandez-en un autre à votre administrateur."
	  "</p></body></html>" },
	{ "page.title", "Set up your telephone", "Configurer votre téléphone" },
	{ "page.ready",
	  "This link is ready. Give it to your client: copy the address of "
	  "this page, or type: holdfast phone --account {link}",
	  "Ce lien est prêt. Donnez-le à votre client : copiez l’adresse de "
	  "cette page, ou tapez : holdfast phone --account {link}" },
	{ "page.gone",
	  "This link has been used or has expired. Ask your administrator "
	  "for a new one.",
	  "Ce lien a déjà servi ou a expiré. Demandez-en un autre à votre "
	  "administrateur." },
};

const size_t uc_texts_count = sizeof(uc_texts) / sizeof(uc_texts[0]);
