"""The embedded demo: synthetic archives in ISIC 2019's own form, and as folders by class, from a seed.

No picture is copied from anywhere. Eight or nine classes differ in colour, border, texture
and structure as dermoscopy textbooks say, their distributions overlap, and a lesion
photographed twice is recognisable, so that a split by image leaks.

roster        who is in the archive: lesions, photographs, ids, patients
looks         how a lesion of a class looks, as numbers
structures    dermoscopic structures, as masks
lesions       numbers to a lesion on a transparent ground
photographs   the lesion on skin, through one camera
nuisance      hair, rulers, ink, bubbles and vignettes
archive       ISIC 2019's three files
folders       nine folders of pictures, and what a challenge's metadata would say of them
"""
